// The data of a Tokenizer; loaders fill it, then it is immutable.
//
//   auto data = read_tokenizer_json(file);   // then tokenizer_config.json on top, see pretrained.cpp
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "linnet/tokenizer/added_tokens.h"
#include "linnet/tokenizer/decoder.h"
#include "linnet/tokenizer/encoding.h"
#include "linnet/tokenizer/gguf/vocabulary.h"
#include "linnet/tokenizer/languages.h"
#include "linnet/tokenizer/model.h"
#include "linnet/tokenizer/normalizer.h"
#include "linnet/tokenizer/postprocessor.h"
#include "linnet/tokenizer/pretokenizer.h"

namespace linnet {

// The maximum size of a tokenizer file; published ones have up to 35 MB.
inline constexpr std::size_t kLargestTokenizerFile = std::size_t{256} << 20;

struct Padding {
  std::optional<std::int64_t> length;  // unset: the longest text of a batch, which is one text here
  std::int64_t multiple_of = 0;        // 0: any length
  Side side = Side::kRight;
  std::int32_t id = 0, type_id = 0;
  std::string token = "[PAD]";
};

struct SpecialIds {
  std::optional<std::int32_t> bos, eos, eot, pad, unk, cls, sep, mask;
};

struct TokenizerData {
  std::string place;  // the file, for messages
  // Shared: tokenizers of other languages differ only in the post-processor.
  std::shared_ptr<const Normalizer> normalizer;
  std::shared_ptr<const PreTokenizer> pretokenizer;
  std::shared_ptr<const TokenModel> model;
  std::shared_ptr<const PostProcessor> postprocessor;
  std::shared_ptr<const TokenDecoder> decoder;
  AddedTokens added;
  std::optional<Truncation> file_truncation;
  std::optional<Padding> file_padding;

  SpecialIds ids;
  std::optional<std::int64_t> model_max_length;
  Side padding_side = Side::kRight, truncation_side = Side::kRight;
  bool clean_up_spaces = false;
  bool is_bpe = false;                                // Transformers never cleans up after BPE
  std::map<std::string, std::string> chat_templates;  // "default" and named ones
  std::string chat_template_place;

  // ">>…<<" at the beginning of a text, and after a special token in it, is one token, unknown or not.
  bool leading_code = false;
  std::optional<Languages> languages;
  std::shared_ptr<const TokenizerData> target;  // of texts that the model writes, if it has other pieces

  std::int32_t find(std::string_view token) const;  // added tokens first; -1: absent
  // Adds a token to `added`; normalises its text if it is a normalized one.
  void add_token(const AddedToken& token, std::int32_t id);
};
using TokenizerDataPtr = std::shared_ptr<TokenizerData>;

TokenizerDataPtr read_tokenizer_json(const std::filesystem::path& file);
TokenizerDataPtr parse_tokenizer_json(std::string_view text, std::string_view place);
TokenizerDataPtr read_sentencepiece_model(const std::filesystem::path& file);
TokenizerDataPtr parse_sentencepiece_model(std::string_view bytes, std::string_view place);
TokenizerDataPtr build_gguf_tokenizer(const GgufVocabulary& vocabulary, std::string_view place);

struct VocabTextOptions {
  BertOptions bert;  // do_lower_case and similar keys of tokenizer_config.json
};
TokenizerDataPtr read_vocab_txt(const std::filesystem::path& file, const VocabTextOptions& options);
// GPT-2's two files.
struct MergesOptions {
  bool add_prefix_space = false, trim_offsets = true;  // keys of tokenizer_config.json
  bool mask_takes_spaces = true;                       // <mask> includes those to its left
  bool framed = true;  // <s> and </s> are around a text if the vocabulary has them, as RoBERTa's
};
TokenizerDataPtr read_vocab_and_merges(const std::filesystem::path& vocab, const std::filesystem::path& merges,
                                       const MergesOptions& options = {});

// A SentencePiece vocabulary of pieces, from any file format.
struct PieceVocabulary {
  ScoredPieces pieces;
  enum class Kind : std::uint8_t { kUnigram, kBpe } kind = Kind::kUnigram;
  SentencePieceOptions normalizer;
};
// Fills model, normalizer, decoder and the added tokens (control and unknown pieces as special ones).
void install_pieces(TokenizerData& data, PieceVocabulary vocabulary);

// The pieces, rules and kind of a SentencePiece model.
PieceVocabulary parse_pieces(std::string_view bytes, std::string_view place);

// A SentencePiece file as the tokenizer class of the model reads it, see piece_rules.h. The pieces have the kind of the
// rules.
struct PieceRules;
bool rules_fit(const PieceVocabulary& vocabulary, const PieceRules& rules);
TokenizerDataPtr apply_rules(const PieceVocabulary& vocabulary, const PieceRules& rules, std::string_view place);

// Pieces of two languages: `source` encodes texts, `target` those of Tokenizer::target; `vocab` has the ids of both.
TokenizerDataPtr read_source_and_target(const std::filesystem::path& source, const std::filesystem::path& target,
                                        const std::filesystem::path& vocab);

// Reads the files next to a tokenizer.json with this text: tokenizer_config.json, special_tokens_map.json, templates.
TokenizerDataPtr read_tokenizer_folder(const std::filesystem::path& folder, std::string_view tokenizer_json);

}  // namespace linnet
