// A tokenizer.json read in one pass: the big parts (vocabulary, merges) go straight where they belong, the rest
// becomes a small JSON value.
//
//   TokenizerFile file = read_tokenizer_text(text, "tokenizer.json");
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "linnet/base/json.h"
#include "linnet/tokenizer/model.h"

namespace linnet {

struct TokenizerFile {
  Json root;              // without model.vocab and model.merges
  Vocabulary vocabulary;  // of a vocabulary that is an object
  ScoredPieces pieces;    // of one that is a list of [piece, score]
  std::vector<std::pair<std::string, std::string>> merges;
  enum class Shape : std::uint8_t { kMissing, kObject, kList } shape = Shape::kMissing;
  bool has_merges = false;
};

// Not JSON, nested too deep, a vocabulary entry that is no id: kBadInput naming `place`, fact and byte.
TokenizerFile read_tokenizer_text(std::string_view text, std::string_view place);
// A bare {"token": id} object, as vocab.json is.
Vocabulary read_vocabulary_object(std::string_view text, std::string_view place);

}  // namespace linnet
