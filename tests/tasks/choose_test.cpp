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

// LLaMA's tokenizer puts "▁" in front of every text: a choice after ids has the tokens that it has after their text.
TEST(Choose, AChoiceAfterIdsContinuesTheirText) {
  const Scratch scratch;
  std::filesystem::copy(fixtures() / "llama/causal", scratch / "m");
  put(scratch / "m/tokenizer.json", R"({
    "added_tokens": [{"id": 1, "content": "<s>", "special": true, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false}],
    "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
    "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
      "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
      "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
    "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "Fuse"},
                                                 {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
    "model": {"type": "BPE", "vocab": {"▁": 0, "<s>": 1, "a": 2, "b": 3, "▁a": 4, "▁b": 5, "\n": 6}, "merges": ["▁ a", "▁ b"]}})");
  const Loaded p = load_pretrained(scratch / "m", {.dtype = models::WeightType::kF32});
  const std::vector<std::string> choices{"a", "ba"};
  const auto ids_of = [&](const Ids& prompt) {
    auto found = choose(p, prompt, choices);
    std::ranges::sort(found, {}, &Choice::text);
    return std::vector<Ids>{found[0].ids, found[1].ids};
  };
  EXPECT_EQ(ids_of({1, 4, 3}), (std::vector<Ids>{{4}, {5, 2}}));  // "ab"
  EXPECT_EQ(ids_of({1}), (std::vector<Ids>{{4}, {5, 2}}));        // a text begins
  EXPECT_EQ(ids_of({1, 4, 6}), (std::vector<Ids>{{2}, {3, 2}}));  // "a\n"
  EXPECT_EQ(ids_of({1, 4, 0}), (std::vector<Ids>{{2}, {3, 2}}));  // "a "
  EXPECT_EQ(ids_of({1, 4, 1}), (std::vector<Ids>{{4}, {5, 2}}));  // "a<s>"
  const auto by_text = choose(p, "ab", choices), by_ids = choose(p, Ids{1, 4, 3}, choices);
  for (std::size_t i = 0; i < choices.size(); ++i) EXPECT_NEAR(by_text[i].logprob, by_ids[i].logprob, 1e-6);
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
