// Tokenizers from one kind of file to the other: a folder's as a GGUF file holds it, and a GGUF's as a folder holds it.
//
//   GgufVocabulary v = export_gguf_vocabulary("SmolLM2-135M", 49152);
//   write_file("tokenizer.json", tokenizer_json(v, "model.gguf"));
//
// Either way the result is read back and must cut a text of hard cases into the same ids; what cannot be said in the
// other kind of file is refused by name (kBadInput).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "linnet/tokenizer/gguf/vocabulary.h"

namespace linnet {

// The tokenizer of a folder with a tokenizer.json: byte-level BPE ("gpt2"), SentencePiece-like BPE with byte fallback
// ("llama"), WordPiece that lower-cases ("bert"; warns where Hangul or Indic vowels get other ids, as they do in
// llama.cpp). `rows`: tokens of the model's table; ids without a token become unused ones, as llama.cpp's converter
// fills them.
GgufVocabulary export_gguf_vocabulary(const std::filesystem::path& folder, std::int64_t rows);

// A tokenizer.json, and a tokenizer_config.json with the special tokens and the chat template. max_length 0: none.
std::string tokenizer_json(const GgufVocabulary& vocabulary, std::string_view place);
std::string tokenizer_config_json(const GgufVocabulary& vocabulary, std::int64_t max_length);

// A text of hard cases: numbers, contractions, blanks, scripts, punctuation. For the `kind` "bert" without Hangul, of
// which llama.cpp's word pieces keep less than Hugging Face's do (gguf_bert_normalizer).
std::string_view tokenizer_probe(std::string_view kind = "");

}  // namespace linnet
