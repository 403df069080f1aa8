#include "linnet/base/printable.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <type_traits>
#include <vector>

namespace linnet {
namespace {

static_assert(!std::is_convertible_v<std::string, Printable>, "foreign text becomes printable by escaping alone");
static_assert(!std::is_convertible_v<std::string_view, Printable>);

TEST(Printable, ForeignTextIsEscaped) {
  EXPECT_EQ(printable("a\x1b[31m\x07\n").text(), "a\\x1b[31m\\x07\\x0a");
  EXPECT_EQ(printable("a\u202eb\u200f\ufeff").text(), "a\\xe2\\x80\\xaeb\\xe2\\x80\\x8f\\xef\\xbb\\xbf");
  EXPECT_EQ(printable("caf\u00e9 \xff").text(), "caf\u00e9 \\xff");
  EXPECT_EQ(printable(printable("\x1b").text()).text(), "\\x1b") << "once is enough";
  EXPECT_EQ(printable("abcdef", 3).text(), "abc…");
}

TEST(Printable, FormatsEscapeTheirArguments) {
  const std::string evil = "\x1b";
  const std::vector<std::string> list{evil, "b"};
  EXPECT_EQ(format_printable("{} {} {} {}", evil, 3, Printable("x"), "y").text(), "\\x1b 3 x y");
  EXPECT_EQ(format_printable("{}", fmt::join(list, ", ")).text(), "\\x1b, b");
  EXPECT_EQ(format_printable("{}", std::string_view(evil)).text(), "\\x1b");
  EXPECT_EQ((evil + Printable("!")).text(), "\\x1b!");
}

}  // namespace
}  // namespace linnet
