// The models that turn a piece of text into token ids: BPE, Unigram, WordPiece, WordLevel.
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
  bool literal = false;              // shown as the text it stands for, not as the vocabulary spells the id
};

class TokenModel {
 public:
  explicit TokenModel(Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {}
  virtual ~TokenModel() = default;
  // Appends the tokens of one piece of valid UTF-8. A text the vocabulary has no token for, where no unknown token
  // is set either: kBadInput.
  virtual void tokenize(std::string_view piece, std::vector<ModelToken>& out) const = 0;
  // Pieces come as the bytes of the text, not in the characters of byte_to_code (BPE after a ByteLevel step).
  virtual bool takes_bytes() const { return false; }
  const Vocabulary& vocabulary() const { return vocabulary_; }

 protected:
  Vocabulary vocabulary_;
};
using TokenModelPtr = std::unique_ptr<const TokenModel>;

struct BpeOptions {
  std::string unk_token;  // "" for none
  std::string continuing_subword_prefix;
  std::string end_of_word_suffix;
  bool fuse_unk = false;       // neighbouring unknown characters become one token
  bool byte_fallback = false;  // unknown characters become <0xNN> tokens where the vocabulary has them
  bool ignore_merges = false;  // a piece that is a token is that token
  bool bytes = false;          // pieces come as bytes; the vocabulary spells them with byte_to_code
};
// merges[i] joins two texts, the lower i first. A merge of what the vocabulary lacks: kBadInput naming `place`.
TokenModelPtr make_bpe(Vocabulary vocabulary, const std::vector<std::pair<std::string, std::string>>& merges,
                       const BpeOptions& options, std::string_view place);
// Whether `options.bytes` may be set: every byte has a token and nothing else looks at characters.
bool bpe_can_take_bytes(const Vocabulary& vocabulary, const BpeOptions& options);

struct WordPieceOptions {
  std::string unk_token = "[UNK]";
  std::string continuing_subword_prefix = "##";
  std::int64_t max_input_chars_per_word = 100;
};
TokenModelPtr make_wordpiece(Vocabulary vocabulary, const WordPieceOptions& options, std::string_view place);
TokenModelPtr make_wordlevel(Vocabulary vocabulary, const std::string& unk_token, std::string_view place);

// What a piece of a SentencePiece vocabulary is (sentencepiece_model.proto).
enum class PieceKind : std::uint8_t { kNormal = 1, kUnknown, kControl, kUserDefined, kUnused, kByte };

struct ScoredPieces {
  std::vector<std::string> texts;  // position = id
  std::vector<double> scores;
  std::vector<PieceKind> kinds;  // empty: every piece can be matched
  std::int32_t unk = -1;
  bool byte_fallback = false;
  bool float_sums = false;  // a path's sum is kept in float, as SentencePiece does: it decides ties
};
TokenModelPtr make_unigram(ScoredPieces pieces, std::string_view place);
// SentencePiece's BPE: of all neighbours whose joined text is a piece, the pair of the highest score first.
TokenModelPtr make_scored_bpe(ScoredPieces pieces, std::string_view place);

// The ids of <0x00> … <0xFF>, -1 where absent.
std::vector<std::int32_t> byte_tokens(const Vocabulary& vocabulary);

}  // namespace linnet
