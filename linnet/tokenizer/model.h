// The models that convert a piece of text to token ids: BPE, Unigram, WordPiece, WordLevel.
//
//   std::vector<ModelToken> tokens;
//   model->tokenize("lower", tokens);   // {id, begin, end} in bytes of the piece
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/tokenizer/vocabulary.h"

namespace linnet {

struct ModelToken {
  std::int32_t id = 0;
  std::uint32_t begin = 0, end = 0;  // bytes of the piece
  bool literal = false;              // shown as its text, not as the vocabulary's entry of the id
};

class TokenModel {
 public:
  explicit TokenModel(Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {}
  virtual ~TokenModel() = default;
  // Appends the tokens of one piece of valid UTF-8. kBadInput for a text without a token if there is no unknown token.
  virtual void tokenize(std::string_view piece, std::vector<ModelToken>& out) const = 0;
  // Pieces are bytes of the text, not characters of byte_to_code (BPE after a ByteLevel step).
  virtual bool takes_bytes() const { return false; }
  // Tokens after the first of a piece have a prefix in the vocabulary ("##ing").
  virtual bool marks_continuations() const { return false; }
  const Vocabulary& vocabulary() const { return vocabulary_; }

 protected:
  Vocabulary vocabulary_;
};
using TokenModelPtr = std::unique_ptr<const TokenModel>;

struct BpeOptions {
  std::string unk_token;  // "" for none
  std::string continuing_subword_prefix;
  std::string end_of_word_suffix;
  bool fuse_unk = false;       // adjacent unknown characters become one token
  bool byte_fallback = false;  // unknown characters become <0xNN> tokens if the vocabulary has them
  bool ignore_merges = false;  // a piece that is a token is not split
  bool bytes = false;          // pieces are bytes; the vocabulary uses byte_to_code
};
// merges[i] joins two texts, lower i first. A merge of unknown tokens is kBadInput naming `place`.
TokenModelPtr make_bpe(Vocabulary vocabulary, const std::vector<std::pair<std::string, std::string>>& merges,
                       const BpeOptions& options, std::string_view place);
// True if `options.bytes` is possible: every byte has a token and nothing else uses characters.
bool bpe_can_take_bytes(const Vocabulary& vocabulary, const BpeOptions& options);

struct WordPieceOptions {
  std::string unk_token = "[UNK]";
  std::string continuing_subword_prefix = "##";
  std::int64_t max_input_chars_per_word = 100;
};
TokenModelPtr make_wordpiece(Vocabulary vocabulary, const WordPieceOptions& options, std::string_view place);
TokenModelPtr make_wordlevel(Vocabulary vocabulary, const std::string& unk_token, std::string_view place);

// Types of pieces in a SentencePiece vocabulary (sentencepiece_model.proto).
enum class PieceKind : std::uint8_t { kNormal = 1, kUnknown, kControl, kUserDefined, kUnused, kByte };

// U+2581, a space in SentencePiece's vocabularies.
inline constexpr std::string_view kSpaceMark = "\xE2\x96\x81";

struct ScoredPieces {
  std::vector<std::string> texts;  // index = id
  std::vector<double> scores;
  std::vector<PieceKind> kinds;  // empty: every piece can be matched
  std::int32_t unk = -1;
  bool byte_fallback = false;
  bool float_sums = false;  // sums of a path are float, as in SentencePiece, not in llama.cpp: this decides ties
};
Vocabulary vocabulary_of(const ScoredPieces& pieces);
TokenModelPtr make_unigram(ScoredPieces pieces, std::string_view place);
// SentencePiece's BPE: merges the adjacent pair whose joined text has the highest score first.
TokenModelPtr make_scored_bpe(ScoredPieces pieces, std::string_view place);

// The ids of <0x00> … <0xFF>, -1 if absent.
std::vector<std::int32_t> byte_tokens(const Vocabulary& vocabulary);

}  // namespace linnet
