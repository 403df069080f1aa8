// Names of a tokenizer's files in a folder, for reading, saving and downloading.
//
//   if (has_tokenizer("models/bert")) tokenizer = Tokenizer::from_pretrained("models/bert");
//
// Source: the names of Hugging Face Transformers' tokenizer classes.
#pragma once

#include <cstdint>
#include <filesystem>

namespace linnet {

enum class VocabularyFormat : std::uint8_t {
  kTokenizerJson,
  kSentencePiece,
  kFairseqPieces,  // a SentencePiece file whose ids are not the model's
  kVocabAndMerges,
  kVocabText
};

struct VocabularyFile {
  const char* name;
  VocabularyFormat format;
};

// Each of them is a tokenizer; the first existing one is used. vocab.json requires kMergesFile.
inline constexpr VocabularyFile kVocabularyFiles[] = {
    {"tokenizer.json", VocabularyFormat::kTokenizerJson}, {"tokenizer.model", VocabularyFormat::kSentencePiece},
    {"spiece.model", VocabularyFormat::kSentencePiece},   {"sentencepiece.bpe.model", VocabularyFormat::kFairseqPieces},
    {"vocab.json", VocabularyFormat::kVocabAndMerges},    {"vocab.txt", VocabularyFormat::kVocabText}};

inline constexpr const char* kMergesFile = "merges.txt";

// Files next to a vocabulary that change its use.
inline constexpr const char* kTokenizerCompanions[] = {kMergesFile, "tokenizer_config.json", "special_tokens_map.json",
                                                       "added_tokens.json", "chat_template.jinja"};

// True if the folder has the files of a tokenizer, also damaged ones: reading reports what is wrong.
bool has_tokenizer(const std::filesystem::path& folder);

}  // namespace linnet
