#include "linnet/base/nearest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace linnet {
namespace {

using testing::ElementsAre;

TEST(EditDistance, CountsInsertionsDeletionsAndReplacements) {
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("a", "A"), 1u);
}

TEST(NearestNames, NearestFirstAndTiesInTheirOrder) {
  const std::vector<std::string> names{"train", "merge", "run", "rum", "RUN-1"};
  EXPECT_THAT(nearest_names("run", names), ElementsAre("run", "rum", "RUN-1", "train", "merge"));
  EXPECT_THAT(nearest_names("rux", names, 2), ElementsAre("run", "rum"));
  EXPECT_THAT(nearest_names("x", std::vector<std::string>{}), ElementsAre());
}

TEST(NearestNames, CapitalsDoNotCount) {
  const std::vector<std::string> names{"gptj", "gpt2"};
  EXPECT_THAT(nearest_names("GPT2", names, 1), ElementsAre("gpt2"));
}

TEST(NearestNames, ALongNameIsCut) {
  const std::vector<std::string> names{"a"};
  EXPECT_THAT(nearest_names(std::string(10'000'000, 'x'), names, 1), ElementsAre("a"));
}

}  // namespace
}  // namespace linnet
