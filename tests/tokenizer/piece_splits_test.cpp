#include "linnet/tokenizer/piece_splits.h"

#include <gmock/gmock.h>

#include "tests/scratch.h"

namespace linnet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Ids = std::vector<std::int32_t>;

std::vector<Ids> splits(const std::vector<std::string>& texts, const Ids& ids) {
  std::vector<Ids> found;
  for (const PieceSplit& s : piece_splits(texts, ids, "place")) found.push_back({s.whole, s.left, s.right});
  return found;
}

// As generate_merges of Transformers: "abc" is "a" and "bc", or "ab" and "c".
TEST(PieceSplits, AreInTheOrderOfThePiecesThenOfTheLeftPart) {
  const std::vector<std::string> texts{"abc", "ab", "bc", "a", "b", "c", "é", "éa"};
  EXPECT_THAT(splits(texts, {0, 1, 2, 3, 4, 5, 6, 7}),
              ElementsAre(Ids{0, 3, 2}, Ids{0, 1, 5}, Ids{1, 3, 4}, Ids{2, 4, 5}, Ids{7, 6, 3}));
  EXPECT_THAT(splits(texts, {0, 1, 3, 4, 5}), ElementsAre(Ids{0, 1, 5}, Ids{1, 3, 4}));
  EXPECT_THAT(splits(texts, {}), ElementsAre());
}

// All cuts of runs of one letter are merges, whose size grows as the cube of the longest.
TEST(PieceSplits, AnUnreasonableNumberIsRefused) {
  std::vector<std::string> texts;
  Ids ids;
  for (std::size_t length = 1; length <= 400; ++length) {
    ids.push_back(static_cast<std::int32_t>(texts.size()));
    texts.emplace_back(length, 'a');
  }
  EXPECT_THAT(refusal([&] { piece_splits(texts, ids, "v.gguf"); }), HasSubstr("v.gguf"));
}

}  // namespace
}  // namespace linnet
