// Requests to score in the engine.
#include <gtest/gtest.h>

#include <map>
#include <stdexcept>

#include "tests/generate/engine_fixture.h"

namespace linnet::generate {
namespace {

class EngineScoresOf : public ::testing::TestWithParam<std::tuple<std::string, DType>> {};

// Requests to score, some with a common prefix of continuations, together with generation, in a small pool.
TEST_P(EngineScoresOf, ScoresAreThoseOfEachAloneWhateverElseRuns) {
  const auto model = make_model(std::get<0>(GetParam()), std::get<1>(GetParam()));
  const auto texts = mixed_requests(*model, 9);
  const Ids common = random_ids(75, *model, 7);
  std::vector<ScoreRequest> requests;
  for (std::size_t i = 0; i < 12; ++i) {
    ScoreRequest r{common, {{5}, {5, 6}, {8, 9, 10}, {8, 9, 11, 12}}};
    const Ids own = random_ids(1 + i * 31 % 90, *model, 100 + i);
    r.prompt.insert(r.prompt.end(), own.begin(), own.end());
    if (i % 3 == 0) r.continuations.resize(1);
    r.shared = 75;
    requests.push_back(std::move(r));
  }
  const auto alone = [&](const ScoreRequest& request) {
    std::vector<double> found;
    for (const Ids& continuation : request.continuations) {
      Engine engine(*model);
      engine.submit(
          {request.prompt, {continuation}, 0, [&](const std::vector<Score>& s) { found.push_back(s[0].logprob); }});
      run(engine);
    }
    return found;
  };
  std::vector<std::vector<double>> wanted;
  for (const ScoreRequest& request : requests) wanted.push_back(alone(request));
  std::vector<Ids> wanted_texts;
  for (const Request& text : texts) wanted_texts.push_back(generate(*model, text.prompt, text.options).ids);
  for (const auto& [batch, blocks] : {std::pair{3, std::size_t{5}}, {64, 9}, {512, 100}}) {
    Engine engine(*model, {.memory = blocks * block_bytes(*model), .batch_tokens = batch});
    std::vector<std::vector<double>> found(requests.size());
    std::map<std::size_t, Ids> generated;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      ScoreRequest r = requests[i];
      r.on_end = [&found, i](const std::vector<Score>& scores) {
        for (const Score& s : scores) found[i].push_back(s.logprob);
      };
      engine.submit(std::move(r));
      if (i >= texts.size()) continue;
      Request text = texts[i];
      text.on_end = [&generated, i](Generation& g) { generated[i] = g.ids; };
      engine.submit(std::move(text));
    }
    while (engine.step()) EXPECT_LE(engine.figures().blocks_used, blocks);
    for (std::size_t i = 0; i < requests.size(); ++i)
      EXPECT_EQ(found[i], wanted[i]) << i << ", " << batch << " tokens a step";
    for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(generated.at(i), wanted_texts[i]) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Fixtures, EngineScoresOf, kFixturesAndTypes, fixture_and_type);

TEST(EngineScores, ASharedPrefixIsComputedOnce) {
  const auto model = make_model("llama/causal");
  Engine engine(*model);
  const Ids common = random_ids(70, *model, 3);
  std::int64_t rows = 70;
  for (std::int32_t i = 0; i < 20; ++i) {
    ScoreRequest request{common, {{5}, {6, 7}}, 70, {}};
    request.prompt.push_back(i);
    request.prompt.push_back(9);
    engine.submit(std::move(request));
    rows += 2 + 1;
  }
  run(engine);
  EXPECT_EQ(engine.figures().computed, rows);
  EXPECT_EQ(engine.figures().blocks_used, 2U);  // blocks of the cached prefix
}

TEST(EngineScores, AStepKeepsItsBudgetOfManyShortScores) {
  const auto model = make_model("llama/causal");
  Engine engine(*model, {.batch_tokens = 10});
  std::size_t ends = 0;
  for (std::int32_t i = 0; i < 60; ++i)
    engine.submit({Ids{i}, {{5, 6}, {7}}, 0, [&](const std::vector<Score>&) { ++ends; }});
  for (std::int64_t before = 0; engine.step(); before = engine.figures().computed)
    EXPECT_LE(engine.figures().computed - before, 10);
  EXPECT_EQ(ends, 60U);
}

TEST(EngineScores, AThrowWhileScoresAreTakenLosesNoOtherText) {
  const auto model = make_model("llama/causal");
  const ScoreRequest request{random_ids(9, *model, 2), {{5, 6, 7, 8}}};
  std::vector<double> found;
  for (const bool beside : {false, true}) {
    Engine engine(*model);
    if (beside)
      engine.submit({random_ids(5, *model, 1), {}, [](std::int32_t) -> bool { throw std::runtime_error("no"); }});
    ScoreRequest asked = request;
    asked.on_end = [&](const std::vector<Score>& scores) { found.push_back(scores.at(0).logprob); };
    engine.submit(asked);
    engine.submit(asked);
    EXPECT_EQ(steps_that_throw<std::runtime_error>(engine), beside ? 1 : 0);
  }
  ASSERT_EQ(found.size(), 4U);
  for (const double logprob : found) EXPECT_EQ(logprob, found[0]);
}

TEST(EngineScores, ACancelledScoreHasNoScores) {
  const auto model = make_model("llama/causal");
  Engine engine(*model, {.batch_tokens = 20});
  int ends = 0;
  const auto on_end = [&](const std::vector<Score>& scores) {
    ++ends;
    EXPECT_TRUE(scores.empty());
  };
  const RequestId first = engine.submit({random_ids(30, *model, 1), {{5, 6}, {7, 8}}, 0, on_end});
  engine.step();
  const std::int64_t before = engine.figures().computed;
  engine.cancel(first);
  engine.cancel(engine.submit({random_ids(5, *model, 1), {{5, 6}, {7, 8}}, 0, on_end}));
  run(engine);
  EXPECT_EQ(ends, 2);
  EXPECT_EQ(engine.figures().computed, before);
  EXPECT_EQ(engine.figures().blocks_used, 0U);
}

TEST(EngineScores, AnInterruptedStepOfAScoreIsDoneAgain) {
  const auto model = make_model("llama/causal");
  int calls = 0;
  Engine engine(*model, {.batch_tokens = 30, .interrupted = [&] { return ++calls % 3 == 0; }});
  const ScoreRequest request{random_ids(100, *model, 1), {{5, 6}, {5, 7, 8}, {9}}};
  std::vector<double> found, wanted;
  ScoreRequest asked = request;
  asked.on_end = [&](const std::vector<Score>& scores) {
    for (const Score& s : scores) found.push_back(s.logprob);
  };
  engine.submit(asked);
  EXPECT_GT(steps_that_throw<nn::Interrupted>(engine), 0);
  Engine calm(*model);
  asked.on_end = [&](const std::vector<Score>& scores) {
    for (const Score& s : scores) wanted.push_back(s.logprob);
  };
  calm.submit(asked);
  run(calm);
  EXPECT_EQ(found, wanted);
  EXPECT_EQ(found.size(), 3U);
}

TEST(EngineScores, ASharedPrefixFitsIntoASmallPool) {
  const auto model = make_model("llama/causal");
  Engine engine(*model, {.memory = 2 * block_bytes(*model)});
  std::size_t scores = 0;
  engine.submit(
      {random_ids(100, *model, 4), {{5, 6}, {7, 8}}, 70, [&](const std::vector<Score>& s) { scores = s.size(); }});
  run(engine);
  EXPECT_EQ(scores, 2U);
}

}  // namespace
}  // namespace linnet::generate
