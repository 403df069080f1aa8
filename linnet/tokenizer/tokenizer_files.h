// The names of the files that a folder's tokenizer is made of: the one list for reading, saving and fetching them.
//
//   if (has_tokenizer("models/bert")) tokenizer = Tokenizer::from_pretrained("models/bert");
//
// Source: the names of Hugging Face Transformers' tokenizer classes.
#pragma once

#include <cstdint>
#include <filesystem>

namespace linnet {

enum class VocabularyFormat : std::uint8_t { kTokenizerJson, kSentencePiece, kVocabAndMerges, kVocabText };

struct VocabularyFile {
  const char* name;
  VocabularyFormat format;
};

// Any one of them makes a tokenizer; of several the first counts. vocab.json needs kMergesFile beside it.
inline constexpr VocabularyFile kVocabularyFiles[] = {
    {"tokenizer.json", VocabularyFormat::kTokenizerJson}, {"tokenizer.model", VocabularyFormat::kSentencePiece},
    {"spiece.model", VocabularyFormat::kSentencePiece},   {"sentencepiece.bpe.model", VocabularyFormat::kSentencePiece},
    {"vocab.json", VocabularyFormat::kVocabAndMerges},    {"vocab.txt", VocabularyFormat::kVocabText}};

inline constexpr const char* kMergesFile = "merges.txt";

// What stands beside a vocabulary and changes how it is used.
inline constexpr const char* kTokenizerCompanions[] = {kMergesFile, "tokenizer_config.json", "special_tokens_map.json",
                                                       "added_tokens.json", "chat_template.jinja"};

// Are the files of a tokenizer there? A damaged one is there too: reading it says what is wrong.
bool has_tokenizer(const std::filesystem::path& folder);

}  // namespace linnet
