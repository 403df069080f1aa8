// The tokenizer of a GGUF file as plain data (keys tokenizer.ggml.*).
//
//   GgufVocabulary v; v.model = "gpt2"; v.pre = "smollm"; v.tokens = …; v.merges = …;
//   Tokenizer t = Tokenizer::from_gguf(v, "model.gguf");
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace linnet {

// Values of tokenizer.ggml.token_type.
enum class GgufTokenType : std::int32_t { kNormal = 1, kUnknown, kControl, kUserDefined, kUnused, kByte };

struct GgufVocabulary {
  std::string model;                      // "gpt2", "llama", "bert" or "t5"
  std::string pre;                        // "" if the key is absent
  std::vector<std::string> tokens;        // index = id
  std::vector<std::int32_t> token_types;  // empty: all normal
  std::vector<float> scores;              // required for "llama" and "t5"
  std::vector<std::string> merges;        // required for "gpt2": "a b"
  std::optional<std::int64_t> bos, eos, eot, unk, sep, pad, cls, mask;
  std::optional<bool> add_bos, add_eos, add_sep;  // unset: default of the kind
  std::optional<bool> add_space_prefix;           // unset: true for "llama" and "t5"
  std::optional<bool> remove_extra_whitespaces;   // unset: default of the kind
  std::string precompiled_charsmap;               // raw bytes
  std::string chat_template;

  GgufTokenType type(std::size_t id) const {
    return token_types.empty() ? GgufTokenType::kNormal : static_cast<GgufTokenType>(token_types[id]);
  }
};

}  // namespace linnet
