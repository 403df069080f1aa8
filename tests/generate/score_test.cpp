#include "linnet/generate/score.h"

#include <gtest/gtest.h>

#include "linnet/base/error.h"
#include "linnet/base/json.h"
#include "linnet/base/parallel.h"
#include "linnet/models/loader.h"
#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet::generate {
namespace {

using Ids = std::vector<std::int32_t>;
using Scores = std::vector<std::vector<Score>>;

std::unique_ptr<models::Model> load(const std::filesystem::path& path) {
  return models::load_model(path, {.dtype = models::WeightType::kF32});
}

std::vector<ScoreRequest> requests_of(const Json& json) {
  std::vector<ScoreRequest> requests;
  for (const Json& r : json) requests.push_back({r["prompt"].get<Ids>(), r["continuations"].get<std::vector<Ids>>()});
  return requests;
}

double distance(const Scores& a, const Scores& b) {
  double worst = a.size() == b.size() ? 0 : INFINITY;
  for (std::size_t r = 0; r < std::min(a.size(), b.size()); ++r)
    for (std::size_t c = 0; c < a[r].size(); ++c) worst = std::max(worst, std::abs(a[r][c].logprob - b[r][c].logprob));
  return worst;
}

// Every continuation alone: nothing is shared, and no other text is in the batch.
Scores each_alone(const models::Model& model, const std::vector<ScoreRequest>& requests) {
  Scores scores;
  for (const ScoreRequest& r : requests) {
    auto& row = scores.emplace_back();
    for (const Ids& continuation : r.continuations)
      row.push_back(score(model, std::vector<ScoreRequest>{{r.prompt, {continuation}}}).front().front());
  }
  return scores;
}

// tools/fixtures/scores.py
class ScoresOf : public ::testing::TestWithParam<std::string> {
 protected:
  ScoresOf() : model_(load(fixtures() / GetParam())) {
    json_ = read_json(fixtures() / "scores.json")[GetParam()];
    requests_ = requests_of(json_["requests"]);
  }
  std::unique_ptr<models::Model> model_;
  Json json_;
  std::vector<ScoreRequest> requests_;
};

TEST_P(ScoresOf, GivesTransformersLogProbabilities) {
  const Scores scores = score(*model_, requests_);
  for (std::size_t r = 0; r < requests_.size(); ++r) {
    for (std::size_t c = 0; c < scores[r].size(); ++c) {
      const Json& wanted = json_["requests"][r];
      EXPECT_NEAR(scores[r][c].logprob, wanted["logprobs"][c].get<double>(), 1e-4) << r << ", " << c;
      EXPECT_EQ(scores[r][c].greedy, wanted["greedy"][c].get<bool>()) << r << ", " << c;
      EXPECT_EQ(scores[r][c].tokens, static_cast<std::int64_t>(requests_[r].continuations[c].size()));
    }
  }
}

TEST_P(ScoresOf, SharingPackingAndTriesChangeNothing) {
  const Scores alone = each_alone(*model_, requests_);
  for (const std::int64_t rows : {1, 16, 1024})
    EXPECT_EQ(distance(score(*model_, requests_, {.batch_rows = rows}), alone), 0) << rows;
}

TEST_P(ScoresOf, AScoreIsTheSumOfItsStepsFromPlainForwardPasses) {
  const Scores scores = score(*model_, requests_);
  for (std::size_t r = 0; r < requests_.size(); ++r) {
    for (std::size_t c = 0; c < scores[r].size(); ++c) {
      double sum = 0;
      Ids ids = requests_[r].prompt;
      for (const std::int32_t token : requests_[r].continuations[c]) {  // a new pass without a cache for every step
        const Tensor hidden = model_->forward(nn::pack({ids}));
        const std::int32_t last = static_cast<std::int32_t>(ids.size()) - 1;
        sum += token_scores(*model_, hidden, {{last}}, {{token}}).front().logprob;
        ids.push_back(token);
      }
      EXPECT_NEAR(scores[r][c].logprob, sum, 1e-5) << r << ", " << c;
    }
  }
}

TEST_P(ScoresOf, RunsRepeatBitForBitAndThreadsAgree) {
  const int before = threads();
  set_threads(2);
  const Scores first = score(*model_, requests_), second = score(*model_, requests_);
  set_threads(1);
  const Scores one = score(*model_, requests_);
  set_threads(before);
  EXPECT_EQ(distance(first, second), 0);
  EXPECT_LE(distance(first, one), 1e-5);
}

TEST_P(ScoresOf, SlidingWindowsGiveTransformersLikelihood) {
  const Ids ids = json_["perplexity"]["ids"].get<Ids>();
  for (const Json& sum : json_["perplexity"]["sums"]) {
    const Perplexity p = perplexity(*model_, ids, {.window = sum["window"], .stride = sum["stride"]});
    EXPECT_NEAR(p.negative_log_likelihood, sum["negative_log_likelihood"].get<double>(), 2e-4) << dump_json(sum);
    EXPECT_EQ(p.tokens, sum["tokens"].get<std::int64_t>());
    EXPECT_DOUBLE_EQ(p.perplexity(), std::exp(p.negative_log_likelihood / static_cast<double>(p.tokens)));
  }
}

INSTANTIATE_TEST_SUITE_P(Fixtures, ScoresOf, ::testing::Values("llama/causal", "gpt2/causal", "bloom/causal"),
                         case_name);

TEST(Score, ProgressCountsRequestsAndSoftPromptsComeFirst) {
  const auto model = load(fixtures() / "llama/causal");
  const std::vector<ScoreRequest> requests{{{5, 6, 7}, {{8, 9}, {8, 10}}}, {{5, 9}, {{11}}}};
  std::int64_t last = 0;
  const Scores plain = score(*model, requests, {.batch_rows = 1, .progress = [&](std::int64_t done, std::int64_t all) {
                                                  EXPECT_EQ(all, 2);
                                                  EXPECT_EQ(done, ++last);
                                                }});
  EXPECT_EQ(last, 2);
  Tensor table;
  for (const nn::Parameter& p : model->parameters())
    if (p.name == "embeddings.tokens.weight") table = *p.tensor;
  const std::vector<ScoreRequest> shorter{{{6, 7}, {{8, 9}, {8, 10}}}, {{9}, {{11}}}};  // both prompts begin with 5
  model->set_virtual_tokens({.prompt = table.slice(0, 5, 6)});
  EXPECT_LE(distance(score(*model, shorter), plain), 1e-5);
}

TEST(Score, RefusesWhatHasNoTokensOrIsOutside) {
  const auto model = load(fixtures() / "llama/causal");
  const auto run = [&](Ids prompt, Ids continuation) {
    score(*model, std::vector<ScoreRequest>{{std::move(prompt), {std::move(continuation)}}});
  };
  EXPECT_THROW(run({}, {5}), Error);
  EXPECT_THROW(run({5}, {}), Error);
  EXPECT_THROW(run({5}, {67}), Error);
  EXPECT_THROW(run({5}, {-1}), Error);
  EXPECT_THROW(run({70}, {5}), Error);
  EXPECT_THROW(perplexity(*model, Ids{5}), Error);
  EXPECT_THROW(perplexity(*model, Ids{5, 6, 7}, {.window = 4, .stride = 5}), Error);
  EXPECT_NO_THROW(run({5}, {66}));
}

TEST(Score, ASessionKeepsWhatAllPromptsSoFarBeginWith) {
  const auto model = load(fixtures() / "llama/causal");
  Ids common(100);
  for (std::size_t i = 0; i < common.size(); ++i) common[i] = static_cast<std::int32_t>(5 + i * 7 % 50);
  std::vector<ScoreRequest> requests;
  for (const std::int32_t last : {3, 9, 12, 40}) {
    requests.push_back({common, {{6, 7}, {8}}});
    requests.back().prompt.resize(last == 40 ? 70 : 100);  // the last portion has a shorter common prefix
    requests.back().prompt.push_back(last);
  }
  const Scores alone = each_alone(*model, requests);
  ScoreSession session(*model);
  for (const auto& [begin, end] : {std::pair{0, 2}, {2, 3}, {3, 4}}) {
    const auto some =
        std::span(requests).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
    const Scores found = session.score(some);
    for (std::size_t i = 0; i < found.size(); ++i)
      EXPECT_EQ(distance({found[i]}, {alone[static_cast<std::size_t>(begin) + i]}), 0) << begin + static_cast<int>(i);
  }
}

TEST(Score, ARefusedRequestLeavesTheSessionUsable) {
  const auto model = load(fixtures() / "llama/causal");
  ScoreSession session(*model);
  EXPECT_THROW(session.score(std::vector<ScoreRequest>{{{5, 6}, {{7}}}, {{5, 6}, {{-1}}}}), Error);
  const std::vector<ScoreRequest> fine{{{5, 6}, {{7}, {8, 9}}}};
  EXPECT_EQ(distance(session.score(fine), score(*model, fine)), 0);
}

TEST(Score, PerplexityLimitLooksAtSoManyTokens) {
  const auto model = load(fixtures() / "llama/causal");
  const Ids ids{5, 6, 7, 8, 9, 10, 11, 12};
  const Perplexity whole = perplexity(*model, std::span(ids).first(5)), cut = perplexity(*model, ids, {.limit = 5});
  EXPECT_EQ(cut.tokens, 4);
  EXPECT_EQ(cut.negative_log_likelihood, whole.negative_log_likelihood);
}

// SmolLM2 in f32: prompts with a long common prefix, labels of several tokens.
TEST(ScoreSlow, SharingChangesNothingInARealModel) {
  const auto path = cached_model("SmolLM2-135M-Instruct.gguf");
  LINNET_NEEDS(path);
  const auto model = models::load_model(path, {.dtype = models::WeightType::kF32});
  const Tokenizer tokenizer = models::load_tokenizer(path);
  const char* const texts[] = {"I love the sunny weather today.", "A dull, slow and pointless film.",
                               "The plot is thin, but the actors are so good that nobody minds."};
  std::vector<Ids> words;
  for (const char* word :
       {" positive", " negative", " very positive indeed", " very negative indeed", " a mixture of both"})
    words.push_back(tokenizer.encode_ids(word));
  std::vector<ScoreRequest> requests;
  for (const char* text : texts)
    requests.push_back(
        {tokenizer.encode_ids(fmt::format("Decide what each sentence says.\nSentence: {}\nTone:", text)), words});
  const int before = threads();
  set_threads(2);
  const Scores shared = score(*model, requests), again = score(*model, requests);
  const Scores alone = each_alone(*model, requests);
  set_threads(1);
  const Scores one = score(*model, requests);
  set_threads(before);
  EXPECT_EQ(distance(shared, again), 0);
  EXPECT_EQ(distance(shared, alone), 0);
  EXPECT_LE(distance(shared, one), 1e-4);
}

}  // namespace
}  // namespace linnet::generate
