// The hand-written splitters against Oniguruma with the same patterns.
#include "linnet/tokenizer/splitters.h"

#include <gtest/gtest.h>

#include "linnet/base/rng.h"
#include "linnet/tokenizer/pattern.h"

namespace linnet {
namespace {

using Cuts = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

Cuts cuts(const std::vector<Span>& spans) {
  Cuts out;
  for (const Span s : spans) out.emplace_back(s.begin, s.end);
  return out;
}

std::string random_text(Rng& rng, const std::vector<std::uint32_t>& alphabet) {
  std::string text;
  for (std::uint64_t n = rng.below(30); n > 0; --n) utf8::append(text, alphabet[rng.below(alphabet.size())]);
  return text;
}

struct Row {
  const char* name;
  const char* pattern;
  Splitter split;
};
const Row kRows[] = {{"gpt2", kGpt2Pattern, split_gpt2},
                     {"llama3", kLlama3Pattern, split_llama3},
                     {"qwen2", kQwen2Pattern, split_qwen2},
                     {"bloom", kBloomPattern, split_bloom}};

class Splitters : public ::testing::TestWithParam<Row> {};

TEST_P(Splitters, CutWhereOnigurumaDoes) {
  const Pattern pattern = Pattern::regex(GetParam().pattern, "test");
  // Characters of the patterns, then any.
  std::vector<std::uint32_t> close{' ',   ' ',   '\n',  '\r',  '\t',   '\'',    's',     'S',    't',    'r',
                                   'e',   'v',   'l',   'L',   'd',    'm',     'a',     'Z',    '1',    '2',
                                   '.',   ',',   '(',   ')',   '|',    '!',     '?',     0xA0,   0x3000, 0x2028,
                                   0x85,  0x17F, 0xE9,  0x301, 0x4E00, 0x3002,  0x2026,  0xFF0C, 0x3001, 0x964,
                                   0x6D4, 0x60C, 0x663, 0xBD,  0x2167, 0x1F600, 0x1D7D8, 0x200B};
  Rng rng(17);
  for (int i = 0; i < 8000; ++i) {
    std::string text = random_text(rng, close);
    if (i % 4 == 0) {
      std::vector<std::uint32_t> any;
      for (int k = 0; k < 20; ++k) {
        const auto code = static_cast<std::uint32_t>(rng.below(i % 8 == 0 ? 0x110000 : 0x3000));
        if (code < 0xD800 || code > 0xDFFF) any.push_back(code);
      }
      text = random_text(rng, any);
    }
    std::vector<Span> found;
    GetParam().split(text, found);
    ASSERT_EQ(cuts(found), cuts(pattern.find_all(text))) << ::testing::PrintToString(text);
  }
}

TEST_P(Splitters, AreFoundByTheirPattern) { EXPECT_EQ(known_splitter(GetParam().pattern), GetParam().split); }

INSTANTIATE_TEST_SUITE_P(All, Splitters, ::testing::ValuesIn(kRows), [](const auto& test) { return test.param.name; });

TEST(KnownSplitter, OtherPatternsHaveNone) { EXPECT_EQ(known_splitter("\\p{L}+"), nullptr); }

}  // namespace
}  // namespace linnet
