// Suggestions for a mistyped name.
#include "apps/linnet/suggestions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace linnet::app {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::vector<std::string> kOptions{"temperature", "top-k", "top-p", "learning-rate", "lora-r", "max-new-tokens"};

TEST(Suggestions, BeginningsInitialsAndSmallMistakes) {
  EXPECT_THAT(suggestions("temp", kOptions), ElementsAre("temperature"));
  EXPECT_THAT(suggestions("temprature", kOptions), ElementsAre("temperature"));
  EXPECT_THAT(suggestions("otp-k", kOptions), ElementsAre("top-k"));
  EXPECT_THAT(suggestions("mnt", kOptions), ElementsAre("max-new-tokens"));
  EXPECT_THAT(suggestions("max_new_tokens", kOptions), ElementsAre("max-new-tokens"));
  EXPECT_THAT(suggestions("new-tokens", kOptions), ElementsAre("max-new-tokens"));  // words in common
  EXPECT_THAT(suggestions("xyzzy", kOptions), IsEmpty());
  EXPECT_THAT(suggestions("", kOptions), IsEmpty());
  EXPECT_THAT(suggestions(std::string(5000, 'a'), kOptions), IsEmpty());
}

TEST(Suggestions, AMeaningGoesFirst) {
  const Meaning meanings[] = {{"lr", "learning-rate"}};
  EXPECT_THAT(suggestions("lr", kOptions), ElementsAre("lora-r", "learning-rate"));
  EXPECT_THAT(suggestions("lr", kOptions, meanings), ElementsAre("learning-rate"));
}

// The order of suggestions was different each time.
TEST(Suggestions, TiesKeepTheirOrder) {
  for (int i = 0; i < 3; ++i) EXPECT_THAT(suggestions("top", kOptions), ElementsAre("top-k", "top-p"));
}

}  // namespace
}  // namespace linnet::app
