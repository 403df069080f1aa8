#include "linnet/tasks/score_texts.h"

#include <gtest/gtest.h>

#include <cmath>

#include "linnet/adapt/loaded.h"
#include "linnet/generate/pseudo_perplexity.h"
#include "tests/models/fixture.h"
#include "tests/tasks/tiny.h"

namespace linnet::tasks {
namespace {

Loaded load(const std::string& name) { return load_pretrained(fixtures() / name, {.dtype = models::WeightType::kF32}); }

double logprob(const Loaded& p, const std::string& prompt, const std::string& continuation) {
  return score_texts(p, {{prompt, {continuation}}}).front().front().logprob;
}
double of_ids(const Loaded& p, std::vector<std::int32_t> prompt, std::vector<std::int32_t> continuation) {
  const std::vector<generate::ScoreRequest> requests{{std::move(prompt), {std::move(continuation)}}};
  return generate::score(*p.model, requests).front().front().logprob;
}

TEST(ScoreTexts, ThePromptGetsItsStartTokenAndTheContinuationNone) {
  const auto p = load("llama/causal");
  EXPECT_DOUBLE_EQ(logprob(p, "w5 w6", " w7 w8"), of_ids(p, {1, 5, 6}, {7, 8}));
  EXPECT_DOUBLE_EQ(logprob(p, "w5 w6 ", "w7 w8"), of_ids(p, {1, 5, 6}, {7, 8}));
  EXPECT_DOUBLE_EQ(logprob(p, "", "w7"), of_ids(p, {1}, {7}));
}

TEST(ScoreTexts, AnEmptyPromptWithoutAStartTokenIsTheTokenizersOwn) {
  const auto p = load("gpt2/causal");
  const auto start = p.tokenizer().bos_id() ? *p.tokenizer().bos_id() : *p.tokenizer().eos_id();
  EXPECT_DOUBLE_EQ(logprob(p, "", "w7"), of_ids(p, {start}, {7}));
}

TEST(ScoreTexts, AnswersStandInTheOrderAsked) {
  const auto p = load("llama/causal");
  const auto scores = score_texts(p, {{"w5", {" w6", " w7 w8"}}, {"w9 w10 w11", {" w12"}}});
  ASSERT_EQ(scores.size(), 2u);
  ASSERT_EQ(scores[0].size(), 2u);
  EXPECT_EQ(scores[0][1].tokens, 2);
  EXPECT_NEAR(scores[0][1].logprob, logprob(p, "w5", " w7 w8"), 1e-5);
  EXPECT_NEAR(scores[1][0].logprob, logprob(p, "w9 w10 w11", " w12"), 1e-5);
}

// A request that cannot be scored is an error in its place; the others are scored.
TEST(ScoreTexts, ARefusedRequestLeavesTheOthers) {
  const auto p = load("llama/causal");
  std::vector<std::size_t> refused;
  const auto scores = score_texts(p, {{"w5", {" w6"}}, {"w5", {""}}, {"w7", {" w8"}}}, {},
                                  [&](std::size_t i, const Error&) { refused.push_back(i); });
  EXPECT_EQ(refused, std::vector<std::size_t>{1});
  ASSERT_EQ(scores.size(), 3u);
  EXPECT_TRUE(scores[1].empty());
  EXPECT_NEAR(scores[2][0].logprob, logprob(p, "w7", " w8"), 1e-5);
  EXPECT_THROW(score_texts(p, {{"w5", {""}}}), Error);
}

// The encoder reads the prompt with its special tokens; the continuation has none, as in lm-evaluation-harness.
TEST(ScoreTexts, AnEncoderDecoderScoresContinuationsOfItsDecoder) {
  const Scratch scratch;
  const auto p = tiny_seq2seq(scratch);
  const auto scores = score_texts(p, {{"w5 w6", {" w7 w8", "w9"}}, {"w10 ", {"w7"}}});
  EXPECT_NEAR(scores[0][0].logprob, seq2seq_logprob(*p.model, {1, 5, 6, 2}, {0}, {7, 8}), 1e-5);
  EXPECT_NEAR(scores[0][1].logprob, seq2seq_logprob(*p.model, {1, 5, 6, 2}, {0}, {9}), 1e-5);
  EXPECT_NEAR(scores[1][0].logprob, seq2seq_logprob(*p.model, {1, 10, 2}, {0}, {7}), 1e-5);
  EXPECT_EQ(scores[0][0].tokens, 2);
  EXPECT_THROW(score_texts(p, {{"w5", {""}}}), Error);
}

TEST(ScoreTexts, ContinuationsFollowTheTokensThatBeginAGeneratedText) {
  const Scratch scratch;
  const auto p = tiny_seq2seq(scratch, R"({"decoder_start_token_id": 3, "forced_bos_token_id": 12})");
  EXPECT_NEAR(logprob(p, "w5 w6", " w7 w8"), seq2seq_logprob(*p.model, {1, 5, 6, 2}, {3, 12}, {7, 8}), 1e-5);
}

TEST(TextPerplexity, UnitsShareOneLikelihood) {
  const auto p = load("llama/causal");
  const std::string text = "w5 w6\n\tw7 w8 w9 ";
  const TextPerplexity t = text_perplexity(p, text);
  EXPECT_EQ(t.words, 5);
  EXPECT_EQ(t.bytes, static_cast<std::int64_t>(text.size()));
  EXPECT_EQ(t.tokens.tokens, 5);  // the start token is the context of the first one
  EXPECT_NEAR(std::log(t.per_word()) * 5, t.tokens.negative_log_likelihood, 1e-9);
  EXPECT_NEAR(std::log(t.per_byte()) * static_cast<double>(t.bytes), t.tokens.negative_log_likelihood, 1e-9);
}

TEST(TextPerplexity, OfAMaskedModelMasksEveryTokenInTurn) {
  const auto p = load("bert/masked");
  const std::string text = "w5 w6 w7 w8";
  const TextPerplexity t = text_perplexity(p, text, {.window = 20, .stride = 20});
  const std::vector<std::int32_t> ids{5, 6, 7, 8};
  const auto wanted = generate::pseudo_perplexity(
      *p.model, ids, {.mask = *p.tokenizer().mask_id(), .before = {1}, .after = {2}, .window = 20, .stride = 18});
  EXPECT_NEAR(t.tokens.negative_log_likelihood, wanted.negative_log_likelihood, 1e-9);
  EXPECT_EQ(t.tokens.tokens, 4);
  EXPECT_EQ(t.words, 4);
  const TextPerplexity half = text_perplexity(p, text, {.window = 20, .stride = 20, .limit = 2});
  EXPECT_EQ(half.tokens.tokens, 2);
  EXPECT_EQ(half.words, 2);
}

}  // namespace
}  // namespace linnet::tasks
