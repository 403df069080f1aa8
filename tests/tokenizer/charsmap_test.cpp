#include "linnet/tokenizer/charsmap.h"

#include <gmock/gmock.h>

#include "tests/scratch.h"

namespace linnet {
namespace {

using ::testing::HasSubstr;

std::string u32(std::uint32_t v) {
  std::string bytes;
  for (int i = 0; i < 4; ++i) bytes += static_cast<char>(v >> 8 * i & 0xFF);
  return bytes;
}

// A double array in darts-clone's format: "a" becomes "X", "ab" becomes "YZ". A node's children are at its position xor
// its offset xor the byte; the value of a complete key is at its position xor its offset.
std::string blob() {
  std::vector<std::uint32_t> units(2048, 0);
  const auto unit = [](std::uint32_t label, std::uint32_t offset, bool leaf) {
    return offset << 10 | (leaf ? 0x100U : 0U) | label;
  };
  const std::uint32_t at_a = 512 ^ 'a';
  units[0] = unit(0, 512, false);
  units[at_a] = unit('a', 1024, true);
  const std::uint32_t below_a = at_a ^ 1024;
  units[below_a] = 0x80000000U | 0;  // "X" begins at 0
  const std::uint32_t at_b = below_a ^ 'b';
  units[at_b] = unit('b', 256, true);
  units[at_b ^ 256] = 0x80000000U | 2;  // "YZ" at 2
  std::string bytes;
  for (const std::uint32_t u : units) bytes += u32(u);
  return u32(static_cast<std::uint32_t>(bytes.size())) + bytes + std::string("X\0YZ\0", 5);
}

TEST(Charsmap, FindsTheShortestAndTheLongestKey) {
  const Charsmap map = Charsmap::parse(blob(), "test");
  EXPECT_EQ(map.longest("abc")->length, 2U);
  EXPECT_EQ(map.longest("abc")->replacement, "YZ");
  EXPECT_EQ(map.shortest("abc")->length, 1U);
  EXPECT_EQ(map.shortest("abc")->replacement, "X");
  EXPECT_EQ(map.longest("ax")->replacement, "X");
  EXPECT_FALSE(map.longest("b"));
  EXPECT_FALSE(map.longest(""));
}

TEST(Charsmap, ABrokenBlobIsRefused) {
  const auto refused = [](const std::string& bytes) {
    return refusal([&] { Charsmap::parse(bytes, "tokenizer.model"); });
  };
  EXPECT_THAT(refused(""), HasSubstr("tokenizer.model: precompiled_charsmap: shorter than its own header"));
  EXPECT_THAT(refused(u32(100) + "xyz"), HasSubstr("the trie has 100 bytes, only 3 are there"));
  EXPECT_THAT(refused(u32(6) + "sixsix"), HasSubstr("not a multiple of 4"));
  EXPECT_THAT(refused(u32(0) + "x"), HasSubstr("not a multiple of 4"));
  EXPECT_THAT(refused(u32(4) + u32(0x80000000)), HasSubstr("root of the trie is a leaf"));
  EXPECT_THAT(refused(u32(4) + u32(0) + "\xff"), HasSubstr("not UTF-8"));
}

// Offsets out of range, of a reachable unit and of its replacement.
TEST(Charsmap, OffsetsThatLeadOutsideAreRefused) {
  const auto with = [](std::size_t unit, std::uint32_t value) { return blob().replace(4 + 4 * unit, 4, u32(value)); };
  const auto refused = [](const std::string& bytes) { return refusal([&] { Charsmap::parse(bytes, "m"); }); };
  const std::size_t at_a = 512 ^ 'a', below_a = at_a ^ 1024;
  EXPECT_THAT(refused(with(0, 4096U << 10)), HasSubstr("unit 0 leads to unit 4096 of 2048"));
  EXPECT_THAT(refused(with(at_a, 'a' | 8192U << 10)), HasSubstr("of 2048"));
  EXPECT_THAT(refused(with(below_a, 0x80000000U | 5)), HasSubstr("its replacement at byte 5 of 5"));
  EXPECT_THAT(refused(with(below_a, 7)), HasSubstr("its replacement at byte 7"));
}

// Random units are rejected, or look-ups stay inside the arrays.
TEST(Charsmap, RandomUnitsLeadNowhereBad) {
  std::uint64_t state = 1;
  for (int round = 0; round < 200; ++round) {
    std::string bytes;
    for (int i = 0; i < 64; ++i) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      // Offsets and replacements that may be in range.
      const auto value = static_cast<std::uint32_t>(state >> 33);
      bytes += u32((value & 1) != 0 && i > 0 ? 0x80000000U | (value >> 8 & 7) : value & 0xFFFFU);
    }
    std::optional<Charsmap> parsed;
    try {
      parsed = Charsmap::parse(u32(256) + bytes + "replacement", "test");
    } catch (const Error&) {
      continue;
    }
    const Charsmap& map = *parsed;
    for (int c = 0; c < 256; ++c) {
      const std::string text(3, static_cast<char>(c));
      if (const auto hit = map.longest(text)) {
        EXPECT_LE(hit->length, 3U);
      }
    }
  }
}

}  // namespace
}  // namespace linnet
