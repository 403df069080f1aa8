// Reads a tokenizer.json in one pass: the big parts (vocabulary, merges) go directly to their tables, the rest becomes
// a small JSON value.
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

// Invalid JSON, too deep nesting, or a vocabulary entry that is not an id is kBadInput naming `place` and the byte.
TokenizerFile read_tokenizer_text(std::string_view text, std::string_view place);
// A {"token": id} object, the format of vocab.json.
Vocabulary read_vocabulary_object(std::string_view text, std::string_view place);

}  // namespace linnet
