#include "linnet/tasks/choose.h"

#include <gtest/gtest.h>

#include <cmath>

#include "linnet/base/error.h"
#include "tests/tasks/tiny.h"

namespace linnet::tasks {
namespace {

const std::vector<std::string> kChoices{"w7 w8", "w11", "w12 w13 w14"};
const std::vector<Ids> kTokens{{7, 8}, {11}, {12, 13, 14}};

void expect_choices(const std::vector<Choice>& found, const std::vector<double>& logprobs) {
  ASSERT_EQ(found.size(), kChoices.size());
  const auto shares = softmax(logprobs);
  for (const Choice& choice : found) {
    const auto i = static_cast<std::size_t>(std::ranges::find(kChoices, choice.text) - kChoices.begin());
    EXPECT_EQ(choice.ids, kTokens[i]);
    EXPECT_NEAR(choice.logprob, logprobs[i], 1e-5);
    EXPECT_NEAR(choice.score, shares[i], 1e-5);
  }
  EXPECT_GE(found[0].logprob, found[1].logprob);
  EXPECT_GE(found[1].logprob, found[2].logprob);
}

TEST(Choose, ScoresAreThoseOfWholeSequences) {
  const Loaded p = tiny("llama/causal");
  std::vector<double> logprobs;
  for (const Ids& ids : kTokens) logprobs.push_back(logprob_of(*p.model, {1, 5, 6}, ids));
  for (const std::string prompt : {"w5 w6", "w5 w6 "}) expect_choices(choose(p, prompt, kChoices), logprobs);
  expect_choices(choose(p, Ids{1, 5, 6}, kChoices), logprobs);
}

TEST(Choose, AnEncoderDecoderReadsThePrompt) {
  const Scratch scratch;
  const Loaded p = tiny_seq2seq(scratch);
  std::vector<double> logprobs;
  for (const Ids& ids : kTokens) logprobs.push_back(seq2seq_logprob(*p.model, {1, 5, 6, 2}, {0}, ids));
  expect_choices(choose(p, "w5 w6", kChoices), logprobs);
  expect_choices(choose(p, Ids{1, 5, 6, 2}, kChoices), logprobs);
}

TEST(Choose, TwoChoicesWithTokensAreNeeded) {
  const Loaded p = tiny("llama/causal");
  EXPECT_THROW(choose(p, "w5", std::vector<std::string>{"w6"}), Error);
  EXPECT_THROW(choose(p, "w5", std::vector<std::string>{"w6", ""}), Error);
}

}  // namespace
}  // namespace linnet::tasks
