#include "linnet/base/find.h"

#include <gtest/gtest.h>

#include <string>

#include "linnet/base/rng.h"

namespace linnet {
namespace {

TEST(Find, IsStringsOwn) {
  Rng rng(1);
  const auto random = [&](std::uint64_t most) {
    std::string text;
    for (std::uint64_t n = rng.below(most); n > 0; --n) text += static_cast<char>('a' + rng.below(2));
    return text;
  };
  for (int i = 0; i < 2000; ++i) {
    const std::string text = random(60), part = random(i % 2 == 0 ? 4 : 24);
    const std::size_t from = rng.below(70);
    EXPECT_EQ(find_text(text, part, from), text.find(part, from)) << text << ' ' << part << ' ' << from;
    EXPECT_EQ(rfind_text(text, part), text.rfind(part)) << text << ' ' << part;
  }
}

// A part that almost matches at each position.
TEST(Find, TakesNoProductOfTheLengths) {
  const std::string text(4 << 20, 'a');
  EXPECT_EQ(find_text(text, std::string(2 << 20, 'a') + "b"), std::string::npos);
  EXPECT_EQ(rfind_text(text, "b" + std::string(2 << 20, 'a')), std::string::npos);
}

}  // namespace
}  // namespace linnet
