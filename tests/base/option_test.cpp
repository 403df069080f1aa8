#include "linnet/base/option.h"

#include <gtest/gtest.h>

#include "linnet/base/error.h"

namespace linnet {
namespace {

std::string shouted(std::string_view field) { return "<" + std::string(field) + ">"; }

TEST(Option, IsNamedByItsFieldUntilAProgramSaysHow) {
  EXPECT_EQ(fmt::format("lower {}", option("learning_rate")), "lower learning_rate");
  set_option_spelling(shouted);
  EXPECT_EQ(fmt::format("lower {}", option("learning_rate")), "lower <learning_rate>");
  EXPECT_EQ(spelled(option("clip")), "<clip>");
  set_option_spelling(nullptr);
  EXPECT_EQ(spelled(option("clip")), "clip");
}

TEST(Option, AnErrorCarriesTheOneItIsAbout) {
  EXPECT_NO_THROW(check_option(true, "epochs", "never"));
  try {
    check_option(false, "epochs", "{} is not positive; lower {}", -1, option("clip"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalidArgument);
    EXPECT_EQ(error.option(), "epochs");
    EXPECT_STREQ(error.what(), "epochs: -1 is not positive; lower clip");
  }
}

TEST(Option, ARowsErrorKeepsIt) {
  try {
    blame("rows.csv:3", [] { fail_option("prompt", "is empty"); });
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    EXPECT_EQ(error.option(), "prompt");
    EXPECT_STREQ(error.what(), "rows.csv:3: prompt: is empty");
  }
}

}  // namespace
}  // namespace linnet
