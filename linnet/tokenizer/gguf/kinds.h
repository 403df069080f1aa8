// How GGUF files spell tokenizers: the `pre` kinds of byte-level BPE and what each does to a text.
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

// How a `pre` value cuts the text: patterns applied one after the other, each to what the last one left
// (source: llama.cpp, llama-vocab.cpp). A single blank that no pattern takes stands alone either way.
struct GgufPreKind {
  std::vector<const char*> names;  // that mean it; the first is the one to write
  std::vector<const char*> patterns;
  bool ignore_merges = false;
};
std::span<const GgufPreKind> gguf_pre_kinds();
const GgufPreKind& find_gguf_pre(const std::string& name, std::string_view place);  // kBadInput listing all

// The kind as a tokenizer.json spells it.
Json gguf_pretokenizer(const GgufPreKind& kind, bool add_space_prefix);
// The merges whose parts and result are tokens, in order.
std::vector<std::pair<std::string, std::string>> gguf_merges(const GgufVocabulary& v, const Vocabulary& vocabulary,
                                                             std::string_view place);

}  // namespace linnet
