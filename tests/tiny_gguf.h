// A .gguf file of a fixture's model with a tokenizer of letters, for tests of what a file holds.
#pragma once

#include <filesystem>
#include <string>

#include "linnet/models/gguf_saver.h"
#include "tests/models/fixture.h"

namespace linnet {

// "w5" is three tokens: a space mark, "w", "5". The end token is 2.
inline GgufVocabulary letters(std::int64_t rows) {
  GgufVocabulary v;
  v.model = "llama";
  v.tokens = {"<unk>", "<s>", "</s>", "\xE2\x96\x81"};
  for (const char c : std::string("abcdefghijklmnopqrstuvwxyz0123456789")) v.tokens.emplace_back(1, c);
  v.token_types.assign(v.tokens.size(), static_cast<std::int32_t>(GgufTokenType::kNormal));
  v.token_types[0] = static_cast<std::int32_t>(GgufTokenType::kUnknown);
  v.token_types[1] = v.token_types[2] = static_cast<std::int32_t>(GgufTokenType::kControl);
  while (std::ssize(v.tokens) < rows) {
    v.tokens.push_back("[PAD" + std::to_string(v.tokens.size()) + "]");
    v.token_types.push_back(static_cast<std::int32_t>(GgufTokenType::kUnused));
  }
  v.scores.assign(v.tokens.size(), 0.0f);
  v.unk = 0, v.bos = 1, v.eos = 2;
  return v;
}

inline void put_tiny_gguf(const std::filesystem::path& file, const std::string& fixture) {
  const auto model = models::load_model(fixtures() / fixture);
  models::save_gguf(*model, file, {.vocabulary = letters(model->config().vocab)});
}

}  // namespace linnet
