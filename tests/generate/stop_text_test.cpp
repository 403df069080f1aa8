#include "linnet/generate/stop_text.h"

#include <gtest/gtest.h>

namespace linnet::generate {
namespace {

struct Streamed {
  std::string shown, all;
  bool found;
};

// Pushed a byte at a time: `shown` is the output before the end.
Streamed stream(std::vector<std::string> stops, std::string_view text) {
  StopText stop(std::move(stops));
  std::string out;
  for (const char c : text) out += stop.push({&c, 1});
  Streamed s{out, out + stop.finish(), stop.found()};
  return s;
}

TEST(StopText, EndsBeforeATextThatCameInPieces) {
  const Streamed s = stream({"User:"}, "Hello. User: and more");
  EXPECT_TRUE(s.found);
  EXPECT_EQ(s.shown, "Hello. ");
  EXPECT_EQ(s.all, "Hello. ");
}

TEST(StopText, ShowsNothingThatMayBeginTheStopText) {
  StopText stop({"\n\n"});
  EXPECT_EQ(stop.push("one\n"), "one");
  EXPECT_EQ(stop.push("two"), "\ntwo");
  EXPECT_EQ(stop.push("\n"), "");
  EXPECT_EQ(stop.finish(), "\n");
  EXPECT_FALSE(stop.found());
}

TEST(StopText, TheFirstInTheTextCounts) {
  EXPECT_EQ(stream({"cd", "b"}, "abcd").all, "a");
  StopText stop({"cd", "b"});
  EXPECT_EQ(stop.push("abcd"), "a");
  EXPECT_EQ(stop.push("more"), "");
}

TEST(StopText, OverlappingBeginningsAreTriedAgain) {
  EXPECT_EQ(stream({"aab"}, "aaab").all, "a");
  EXPECT_EQ(stream({"abab"}, "ababab").all, "");
  EXPECT_EQ(stream({"abac"}, "ababac").all, "ab");
}

TEST(StopText, WithoutStopTextsNothingIsHeldBack) {
  StopText stop({""});
  EXPECT_EQ(stop.push("abc"), "abc");
  EXPECT_FALSE(stop.found());
}

}  // namespace
}  // namespace linnet::generate
