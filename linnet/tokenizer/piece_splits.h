// The ways to cut pieces of a vocabulary into two other pieces: the merges of a BPE whose file has only the pieces.
//
//   const std::vector<std::string> texts{"a", "b", "ab"};
//   piece_splits(texts, std::vector<std::int32_t>{0, 1, 2}, place);   // {{2, 0, 1}}
//
// Source: generate_merges of Transformers.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace linnet {

struct PieceSplit {
  std::int32_t whole, left, right;  // ids
};
// Of the pieces `ids`, whose texts are different: in their order, then by the length of the left part. kBadInput naming
// `place` for a vocabulary of which they would be unreasonably many.
std::vector<PieceSplit> piece_splits(std::span<const std::string> texts, std::span<const std::int32_t> ids,
                                     std::string_view place);

}  // namespace linnet
