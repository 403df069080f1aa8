// Converts tokenizers between a folder's format and that of GGUF files.
//
//   GgufVocabulary v = export_gguf_vocabulary("SmolLM2-135M", 49152);
//   write_file("tokenizer.json", tokenizer_json(v, "model.gguf"));
//
// The result is read back and must give the same ids for a text of difficult cases; what the other format does not
// support is kBadInput.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "linnet/tokenizer/gguf/vocabulary.h"

namespace linnet {

// The tokenizer of a folder with a tokenizer.json: byte-level BPE ("gpt2"), SentencePiece-like BPE with byte fallback
// ("llama"), Unigram ("t5"), WordPiece that lower-cases ("bert"; warns if Hangul or Indic vowels get other ids, as in
// llama.cpp).
// `rows`: size of the model's token table; ids without a token become unused ones, as in llama.cpp's converter.
GgufVocabulary export_gguf_vocabulary(const std::filesystem::path& folder, std::int64_t rows);

// A tokenizer.json, and a tokenizer_config.json with the special tokens and the chat template. max_length 0: no limit.
std::string tokenizer_json(const GgufVocabulary& vocabulary, std::string_view place);
std::string tokenizer_config_json(const GgufVocabulary& vocabulary, std::int64_t max_length);

// A text of difficult cases: numbers, contractions, spaces, scripts, punctuation. Without Hangul for the `kind` "bert":
// llama.cpp's word pieces lose a part of it (gguf_bert_normalizer).
std::string_view tokenizer_probe(std::string_view kind = "");

}  // namespace linnet
