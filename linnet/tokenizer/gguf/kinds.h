// Tokenizers of GGUF files: the `pre` kinds of byte-level BPE and their pre-tokenizers.
//
//   const GgufPreKind& kind = find_gguf_pre("smollm", "model.gguf");
//   PreTokenizerPtr p = make_pretokenizer(gguf_pretokenizer(kind, false), "model.gguf", ByteSpelling::kCharacters);
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "linnet/base/json.h"
#include "linnet/tokenizer/gguf/vocabulary.h"
#include "linnet/tokenizer/vocabulary.h"

namespace linnet {

// The patterns of a `pre` value, applied in sequence, each to the parts that the previous ones did not match (source:
// llama.cpp, llama-vocab.cpp). A single unmatched space is a piece in both implementations.
struct GgufPreKind {
  std::vector<const char*> names;  // its names; the first one is written
  std::vector<const char*> patterns;
  bool ignore_merges = false;
};
std::span<const GgufPreKind> gguf_pre_kinds();
const GgufPreKind& find_gguf_pre(const std::string& name, std::string_view place);  // kBadInput listing all names

// The kind in the format of tokenizer.json.
Json gguf_pretokenizer(const GgufPreKind& kind, bool add_space_prefix);
// The merges whose parts and result are tokens, in order.
std::vector<std::pair<std::string, std::string>> gguf_merges(const GgufVocabulary& v, const Vocabulary& vocabulary,
                                                             std::string_view place);

}  // namespace linnet
