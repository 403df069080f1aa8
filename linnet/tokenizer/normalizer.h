// Normalizers: each modifies a text and tracks the origin of every byte.
//
//   NormalizerPtr n = make_normalizer(json["normalizer"], "tokenizer.json");
//   AlignedText text("Ça", 0, Origins::kTrack);
//   n->normalize(text);
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/base/json.h"
#include "linnet/tokenizer/aligned_text.h"
#include "linnet/tokenizer/charsmap.h"
#include "linnet/tokenizer/normal_form.h"
#include "linnet/tokenizer/pattern.h"

namespace linnet {

class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual void normalize(AlignedText& text) const = 0;
};
using NormalizerPtr = std::unique_ptr<const Normalizer>;

struct BertOptions {
  bool clean_text = true;            // removes control characters, replaces every space by ' '
  bool handle_chinese_chars = true;  // adds spaces around ideographs
  bool strip_accents = true;
  bool lowercase = true;
};

void lowercase(AlignedText& text);

// The `normalizer` of a tokenizer.json; null if the entry is null. Unknown or malformed: kBadInput naming `place`.
NormalizerPtr make_normalizer(const Json& json, std::string_view place);
NormalizerPtr bert_normalizer(const BertOptions& options);
NormalizerPtr unicode_normalizer(NormalForm form);
NormalizerPtr byte_level_normalizer();
// llama.cpp's normalisation for BERT's word pieces (llama-vocab.cpp, WPM): like Bert, but it removes every mark and
// keeps only the first character of a decomposition. It puts spaces around punctuation.
NormalizerPtr gguf_bert_normalizer();
// `tokenizers`' Precompiled, from SentencePiece's blob.
NormalizerPtr precompiled_normalizer(std::string_view charsmap, std::string_view place);

// SentencePiece's normalisation (normalizer.cc).
struct SentencePieceOptions {
  std::string charsmap = {};  // the blob, or ""
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = true;
  bool escape_whitespaces = true;           // ' ' becomes U+2581
  std::vector<std::string> untouched = {};  // user-defined pieces that are not changed
};
NormalizerPtr sentencepiece_normalizer(const SentencePieceOptions& options, std::string_view place);

// The characters of bytes in byte-level vocabularies (GPT-2's table): code of byte b, and back.
std::uint32_t byte_to_code(unsigned char byte);
int code_to_byte(std::uint32_t code);  // -1 if it is not in the table

// Lower case like Rust's char::to_lowercase: up to two characters.
struct Lowered {
  std::uint32_t first, second;  // second 0: none
};
Lowered to_lower(std::uint32_t code);

}  // namespace linnet
