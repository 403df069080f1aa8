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
  kSourceAndTarget,  // SentencePiece files of two languages and their ids
  kSentencePiece,    // a SentencePiece file; of a BPE the tokenizer class may read only the pieces
  kPieces,           // a SentencePiece file that the tokenizer class may read differently from SentencePiece
  kPiecesOfClass,    // one whose ids depend on the tokenizer class
  kVocabAndMerges,
  kVocabText
};

struct VocabularyFile {
  const char* name;
  VocabularyFormat format;
};

inline constexpr const char *kSourceFile = "source.spm", *kTargetFile = "target.spm", *kVocabFile = "vocab.json";

// Each of them is a tokenizer; the first existing one is used. kVocabAndMerges requires kMergesFile, kSourceAndTarget
// requires kTargetFile and kVocabFile.
inline constexpr VocabularyFile kVocabularyFiles[] = {
    {"tokenizer.json", VocabularyFormat::kTokenizerJson}, {"tokenizer.model", VocabularyFormat::kSentencePiece},
    {"spiece.model", VocabularyFormat::kPieces},          {"sentencepiece.bpe.model", VocabularyFormat::kPiecesOfClass},
    {"spm.model", VocabularyFormat::kPiecesOfClass},      {kSourceFile, VocabularyFormat::kSourceAndTarget},
    {kVocabFile, VocabularyFormat::kVocabAndMerges},      {"vocab.txt", VocabularyFormat::kVocabText}};

inline constexpr const char* kMergesFile = "merges.txt";

// Files next to a vocabulary that change its use.
inline constexpr const char* kTokenizerCompanions[] = {
    kMergesFile,         kTargetFile,          "tokenizer_config.json", "special_tokens_map.json",
    "added_tokens.json", "chat_template.jinja"};

// True if the folder has the files of a tokenizer, also damaged ones: reading reports what is wrong.
bool has_tokenizer(const std::filesystem::path& folder);

}  // namespace linnet
