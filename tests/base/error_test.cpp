#include "linnet/base/error.h"

#include <gtest/gtest.h>

namespace linnet {
namespace {

TEST(Error, CarriesItsKindAndItsMessage) {
  try {
    fail(ErrorKind::kRuntime, "{}: {} bytes", "file", 3);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kRuntime);
    EXPECT_STREQ(error.what(), "file: 3 bytes");
  }
}

TEST(Error, CheckThrowsOnlyWhereTheConditionFails) {
  EXPECT_NO_THROW(check(true, "never"));
  EXPECT_NO_THROW(check(true, ErrorKind::kBadInput, "never {}", 1));
  try {
    check(false, "a {} of {}", "size", 5);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalidArgument);
    EXPECT_STREQ(error.what(), "a size of 5");
  }
}

TEST(Printable, KeepsTextAndEscapesWhatATerminalWouldObey) {
  EXPECT_EQ(printable("Grüße, 世界 😀"), "Grüße, 世界 😀");
  EXPECT_EQ(printable("a\n\t\x1b[31m\x7f"), "a\\x0a\\x09\\x1b[31m\\x7f");
  EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");           // a control character of C1
  EXPECT_EQ(printable("\xe2\x80\xa8"), "\\xe2\\x80\\xa8");  // a line separator
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
}

TEST(Printable, CutsAtTheLimitAndMarksIt) {
  EXPECT_EQ(printable("abcdef", 6), "abcdef");
  EXPECT_EQ(printable("abcdefg", 6), "abcdef…");
  EXPECT_EQ(printable("ééé", 3), "éé…");  // never half a character
}

TEST(AssertionDeathTest, NamesConditionFileAndLine) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(LINNET_ASSERT(1 + 1 == 3), "linnet: internal error: 1 \\+ 1 == 3 does not hold at .*error_test.cpp:");
}

}  // namespace
}  // namespace linnet
