#include "linnet/tasks/fill_mask.h"

#include <gmock/gmock.h>

#include "linnet/base/error.h"
#include "tests/tasks/tiny.h"

namespace linnet::tasks {
namespace {

TEST(FillMask, GivesTheLikeliestWordsWithTheirProbabilities) {
  const Loaded p = tiny("bert/masked");
  const auto found = fill_mask(p, "w9 w10 [MASK] w11", 3);
  ASSERT_EQ(found.size(), 1U);
  ASSERT_EQ(found[0].size(), 3U);
  const auto row = next_logprobs(*p.model, {1, 9, 10, 4, 11, 2}, 3);
  std::vector<std::int32_t> order(row.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int32_t>(i);
  std::sort(order.begin(), order.end(),
            [&](auto a, auto b) { return row[static_cast<std::size_t>(a)] > row[static_cast<std::size_t>(b)]; });
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(found[0][i].token, order[i]);
    EXPECT_NEAR(found[0][i].score, std::exp(row[static_cast<std::size_t>(order[i])]), 1e-6);
    EXPECT_EQ(found[0][i].token_str, p.tokenizer().decode({{order[i]}}, false));
    EXPECT_EQ(found[0][i].sequence, p.tokenizer().decode({{1, 9, 10, order[i], 11, 2}}));
  }
}

// Transformers' pipeline: one list per mask; the sequences then show the other mask and the special tokens.
TEST(FillMask, SeveralMasksAreFilledOneByOne) {
  const Loaded p = tiny("bert/masked");
  const auto found = fill_mask(p, "[MASK] w9 [MASK]", 2);
  ASSERT_EQ(found.size(), 2U);
  for (std::size_t m = 0; m < 2; ++m) {
    const std::int32_t row = m == 0 ? 1 : 3;
    const auto scores = next_logprobs(*p.model, {1, 4, 9, 4, 2}, row);
    EXPECT_EQ(found[m][0].token, std::max_element(scores.begin(), scores.end()) - scores.begin());
    EXPECT_THAT(found[m][0].sequence, ::testing::HasSubstr("[MASK]"));
  }
}

TEST(FillMask, HowManyIsBoundedByTheVocabulary) {
  const Loaded p = tiny("bert/masked");
  EXPECT_TRUE(fill_mask(p, "[MASK]", 0)[0].empty());
  const auto all = fill_mask(p, "[MASK]", 1000)[0];
  EXPECT_EQ(all.size(), 67U);
  double sum = 0;
  for (const FillCandidate& c : all) sum += c.score;
  EXPECT_NEAR(sum, 1, 1e-5);
}

// A target that is literally a vocabulary entry is that entry: a continuation, a capital of a tokenizer that
// lower-cases, a special token.
TEST(FillMask, ATargetThatIsAVocabularyEntryIsThatEntry) {
  const Tokenizer tokenizer = Tokenizer::from_json(
      R"({"normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "BertPreTokenizer"},
          "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
                    "vocab": {"[UNK]": 0, "Paris": 1, "paris": 2, "##s": 3, "s": 4, "Rome": 5, "[X]": 6}}})",
      "tokenizer.json");
  EXPECT_THAT(target_ids(tokenizer, {"##s", "Paris", "paris", "PARIS", "Rome", "[X]", "rome"}),
              ::testing::ElementsAre(3, 1, 2, 5, 6, 0));
}

TEST(FillMask, ATextWithoutAMaskIsRefused) {
  const Loaded p = tiny("bert/masked");
  try {
    fill_mask(p, "w9 w10");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalidArgument);
    EXPECT_STREQ(error.what(), "the text holds no [MASK]; put it where a word is to be found");
  }
}

}  // namespace
}  // namespace linnet::tasks
