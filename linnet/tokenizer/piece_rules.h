// What the tokenizer classes of Transformers make of their SentencePiece file: the order of the ids, the steps around
// the pieces, the special tokens.
//
//   if (const auto rules = piece_rules("XLMRobertaTokenizer", config)) data = apply_rules(vocabulary, *rules, place);
//
// Source: the classes of Transformers 5 and their converters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "linnet/base/json.h"
#include "linnet/tokenizer/added_tokens.h"
#include "linnet/tokenizer/languages.h"

namespace linnet {

// kMerges: a BPE of pairs in the order of the ids, with <0xNN> for unknown characters, whatever scores the file has.
enum class PieceModel : std::uint8_t { kUnigram, kMerges };

struct PieceRules {
  PieceModel model = PieceModel::kUnigram;
  std::vector<std::pair<std::string, double>> first = {};  // the first ids, with scores
  std::size_t skipped = 0;                                 // pieces at the beginning of the file that have no ids
  std::vector<std::string> last = {};                      // ids after the file's pieces
  std::size_t unk = 0;                                     // id of unknown text; kUnkByName: that of unk_token
  // Steps as in tokenizer.json; {"type": "Precompiled"} is the file's charsmap, "without_charsmap" is for files with
  // none.
  Json normalizers = Json::array();
  Json pretokenizer, decoder;      // decoder null: Metaspace's
  std::string prepend = "always";  // Metaspace's prepend_scheme
  // Named special tokens by key ("cls_token"). One that is not in the vocabulary gets the next id.
  std::vector<std::pair<std::string, AddedToken>> named = {};
  bool adds_control = true;                         // the file's control (special) and user-defined pieces are tokens
  std::vector<std::string> more = {};               // more special tokens
  std::vector<std::string> single = {}, pair = {};  // templates: "$A", "$B", keys of `named`; ":1" for type 1
};
inline constexpr std::size_t kUnkByName = SIZE_MAX;

// The tokenizer_class of `config`, tokenizer_config.json, without "Fast"; if there is none, the class of the model_type
// of `model`, config.json; "" if that is unknown.
std::string tokenizer_class_of(const Json& config, const Json& model);
// The rules of a class, nothing for one that is not known.
std::optional<PieceRules> piece_rules(std::string_view tokenizer_class, const Json& config);
// The names of the known classes, for messages.
std::string ruled_classes();
// The languages of a class, with all codes that it may have.
std::optional<Languages> languages_of(std::string_view tokenizer_class);

}  // namespace linnet
