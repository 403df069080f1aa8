// Normalizers: each changes a text and keeps track of where every byte came from.
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
  bool clean_text = true;            // control characters go, every blank becomes ' '
  bool handle_chinese_chars = true;  // blanks around ideographs
  bool strip_accents = true;
  bool lowercase = true;
};

void lowercase(AlignedText& text);

// The `normalizer` of a tokenizer.json; null where the entry is null. Unknown or malformed: kBadInput naming `place`.
NormalizerPtr make_normalizer(const Json& json, std::string_view place);
NormalizerPtr bert_normalizer(const BertOptions& options);
NormalizerPtr unicode_normalizer(NormalForm form);
NormalizerPtr byte_level_normalizer();
// What llama.cpp does to a text before it looks for BERT's word pieces (llama-vocab.cpp, WPM): as Bert, but every mark
// goes, and of a character that can be taken apart only the first part stays. Punctuation stands between blanks.
NormalizerPtr gguf_bert_normalizer();

// What SentencePiece does before it looks for pieces (normalizer.cc).
struct SentencePieceOptions {
  std::string charsmap = {};  // the blob, "" for none
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = true;
  bool escape_whitespaces = true;           // ' ' becomes U+2581
  std::vector<std::string> untouched = {};  // user-defined pieces pass as they are
};
NormalizerPtr sentencepiece_normalizer(const SentencePieceOptions& options, std::string_view place);

// The characters that stand for bytes in byte-level vocabularies (GPT-2's table): code of byte b, and back.
std::uint32_t byte_to_code(unsigned char byte);
int code_to_byte(std::uint32_t code);  // -1 where the character stands for no byte

// Lower case as Rust's char::to_lowercase: up to two characters.
struct Lowered {
  std::uint32_t first, second;  // second 0: none
};
Lowered to_lower(std::uint32_t code);

}  // namespace linnet
