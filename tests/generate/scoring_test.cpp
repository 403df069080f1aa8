#include "linnet/generate/scoring.h"

#include <gtest/gtest.h>

#include <cmath>

#include "linnet/base/error.h"
#include "linnet/models/loader.h"
#include "tests/models/fixture.h"

namespace linnet::generate {
namespace {

using Ids = std::vector<std::int32_t>;

TEST(Edges, EndWhereContinuationsPartOrEnd) {
  const auto edges = edges_of({{1, 2, 3}, {1, 2, 4, 5}, {1, 2}, {7}, {1, 2, 3}});
  ASSERT_EQ(edges.size(), 2U);
  EXPECT_EQ(edges[0].tokens, (Ids{1, 2}));
  EXPECT_EQ(edges[0].through, (std::vector<std::size_t>{0, 1, 2, 4}));
  ASSERT_EQ(edges[0].next.size(), 2U);
  EXPECT_EQ(edges[0].next[0].tokens, Ids{3});
  EXPECT_EQ(edges[0].next[0].through, (std::vector<std::size_t>{0, 4}));
  EXPECT_EQ(edges[0].next[1].tokens, (Ids{4, 5}));
  EXPECT_EQ(edges[1].tokens, Ids{7});
  EXPECT_TRUE(edges_of({}).empty());
}

class ScoringOf : public ::testing::Test {
 protected:
  // All texts of a request with logits that make `id` twice as likely as every other token.
  std::vector<Score> scores_of(ScoreRequest request, std::int32_t id, std::vector<Ids>* computed = nullptr) const {
    std::vector<Score> found;
    request.on_end = [&](const std::vector<Score>& scores) { found = scores; };
    std::vector<std::unique_ptr<Text>> texts;
    texts.push_back(std::make_unique<Scoring>(*model_, std::move(request)));
    while (!texts.empty()) {
      const std::unique_ptr<Text> text = std::move(texts.back());
      texts.pop_back();
      if (computed != nullptr) computed->push_back(text->ids());
      while (!text->ended()) {
        std::vector<float> scores(static_cast<std::size_t>(model_->config().vocab));
        scores[static_cast<std::size_t>(id)] = std::log(2.0F);
        text->take(scores);
      }
      for (auto& next : text->next()) texts.push_back(std::move(next));
      text->finish();
    }
    return found;
  }
  std::unique_ptr<models::Model> model_ = models::load_model(fixtures() / "llama/causal");
};

TEST_F(ScoringOf, ShowsTheLogprobsOfEveryToken) {
  std::vector<std::int32_t> tokens;
  double sum = 0;
  ScoreRequest request{.prompt = {3, 4}, .continuations = {{9, 8, 7}}};
  request.on_token = [&](std::int32_t token, std::span<const float> logprobs) {
    tokens.push_back(token);
    sum += logprobs[static_cast<std::size_t>(token)];
  };
  const auto scores = scores_of(std::move(request), 9);
  EXPECT_EQ(tokens, (Ids{9, 8, 7}));
  EXPECT_NEAR(sum, scores[0].logprob, 1e-6);
}

TEST_F(ScoringOf, AddsUpTheTokensOfEachContinuation) {
  const double other = -std::log(static_cast<double>(model_->config().vocab) + 1), likely = other + std::log(2.0);
  std::vector<Ids> computed;
  const auto scores = scores_of({{3, 4}, {{9, 9}, {9, 8, 9}, {5}}}, 9, &computed);
  ASSERT_EQ(scores.size(), 3U);
  EXPECT_NEAR(scores[0].logprob, 2 * likely, 1e-5);
  EXPECT_NEAR(scores[1].logprob, 2 * likely + other, 1e-5);
  EXPECT_NEAR(scores[2].logprob, other, 1e-5);
  EXPECT_TRUE(scores[0].greedy);
  EXPECT_FALSE(scores[1].greedy);
  EXPECT_EQ(scores[1].tokens, 3);
  EXPECT_EQ(computed, (std::vector<Ids>{{3, 4}, {3, 4, 9}, {3, 4, 9, 8}}));  // without a last token
}

TEST_F(ScoringOf, OneContinuationIsOneText) {
  std::vector<Ids> computed;
  EXPECT_EQ(scores_of({{3, 4}, {{5, 6, 7}}}, 9, &computed).front().tokens, 3);
  EXPECT_EQ(computed, (std::vector<Ids>{{3, 4, 5, 6}}));
}

TEST_F(ScoringOf, WhatIsStoppedHasNoScoresAndEndsOnce) {
  int ends = 0;
  Scoring text(*model_, {{3}, {{5}, {6, 7}}, 0, [&](const std::vector<Score>& scores) {
                           ++ends;
                           EXPECT_TRUE(scores.empty());
                         }});
  std::vector<float> scores(static_cast<std::size_t>(model_->config().vocab));
  text.take(scores);
  EXPECT_TRUE(text.ended());
  EXPECT_TRUE(text.goes_on());
  const auto next = text.next();
  ASSERT_EQ(next.size(), 1U);
  text.finish();
  EXPECT_EQ(ends, 0);
  next[0]->stop();
  EXPECT_TRUE(next[0]->ended());
  next[0]->finish();
  EXPECT_EQ(ends, 1);
}

TEST_F(ScoringOf, RefusesWhatHasNoTokensOrOnesOutside) {
  EXPECT_THROW(Scoring(*model_, {{}, {{5}}}), Error);
  EXPECT_THROW(Scoring(*model_, {{5}, {{}}}), Error);
  EXPECT_THROW(Scoring(*model_, {{5}, {{-1}}}), Error);
  EXPECT_THROW(Scoring(*model_, {{1 << 20}, {{5}}}), Error);
}

}  // namespace
}  // namespace linnet::generate
