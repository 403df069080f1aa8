#include "linnet/generate/generator.h"

#include <gtest/gtest.h>

#include <cmath>

#include "linnet/base/error.h"
#include "linnet/models/loader.h"
#include "tests/models/fixture.h"

namespace linnet::generate {
namespace {

using Ids = std::vector<std::int32_t>;

std::unique_ptr<models::Model> load(const std::string& name) {
  return models::load_model(fixtures() / name, {.dtype = models::WeightType::kF32});
}

struct Greedy {
  std::unique_ptr<models::Model> model;
  Ids prompt, ids;  // text of Transformers, with its end token if any
};
Greedy greedy(const std::string& name) {
  const Expected expected(fixtures() / name / "expected.safetensors");
  return {load(name), expected.ids("greedy.prompt"), expected.ids("greedy.ids")};
}

std::vector<std::string> speakers() {
  std::vector<std::string> names;
  for (const std::string& name : fixture_cases("expected.safetensors"))
    if (Expected(fixtures() / name / "expected.safetensors").has("greedy.ids")) names.push_back(name);
  return names;
}

class GreedyText : public ::testing::TestWithParam<std::string> {};

TEST_P(GreedyText, IsTransformers) {
  const Greedy g = greedy(GetParam());
  const bool ended = g.ids.back() == 2;
  const Generation made =
      generate(*g.model, g.prompt,
               {.max_new_tokens = std::max<std::int64_t>(ended ? 64 : 0, std::ssize(g.ids)), .eos_ids = {2}});
  EXPECT_EQ(made.ids, g.ids);
  EXPECT_EQ(made.finish, ended ? FinishReason::kStop : FinishReason::kLength);
  EXPECT_EQ(made.prompt_tokens, std::ssize(g.prompt));
}

INSTANTIATE_TEST_SUITE_P(Fixtures, GreedyText, ::testing::ValuesIn(speakers()), case_name);

TEST(Generator, StopsAtAnyEndTokenAndKeepsIt) {
  const Greedy g = greedy("llama/causal");
  const std::int32_t end = g.ids[5];
  const auto first = static_cast<std::size_t>(std::find(g.ids.begin(), g.ids.end(), end) - g.ids.begin());
  const Generation made = generate(*g.model, g.prompt, {.max_new_tokens = 20, .eos_ids = {66, end, 65}});
  EXPECT_EQ(made.ids, Ids(g.ids.begin(), g.ids.begin() + static_cast<std::ptrdiff_t>(first) + 1));
  EXPECT_EQ(made.finish, FinishReason::kStop);
}

TEST(Generator, MaxLengthCountsThePromptToo) {
  const Greedy g = greedy("gpt2/causal");
  const auto n = static_cast<std::int64_t>(g.prompt.size());
  const Generation made = generate(*g.model, g.prompt, {.max_new_tokens = 1, .max_length = n + 5});
  EXPECT_EQ(made.ids, Ids(g.ids.begin(), g.ids.begin() + 5));
  EXPECT_EQ(made.finish, FinishReason::kLength);
  for (const std::int64_t length : {n, n - 1}) {
    try {
      generate(*g.model, g.prompt, {.max_length = length});
      ADD_FAILURE() << "max_length " << length;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInvalidArgument);
      EXPECT_NE(std::string(error.what()).find(std::to_string(n) + " tokens"), std::string::npos) << error.what();
    }
  }
}

TEST(Generator, MinimaKeepTheEndTokenAway) {
  const Greedy g = greedy("bloom/causal");
  const std::int32_t end = g.ids.front();  // would end the text at once
  const GenerateOptions plain{.max_new_tokens = 12, .eos_ids = {end}};
  EXPECT_EQ(generate(*g.model, g.prompt, plain).ids.size(), 1U);
  GenerateOptions least = plain;
  least.min_new_tokens = 7;
  const Ids ids = generate(*g.model, g.prompt, least).ids;
  EXPECT_GE(ids.size(), 7U);
  EXPECT_EQ(std::count(ids.begin(), ids.begin() + 7, end), 0);
  GenerateOptions length = plain;
  length.min_length = static_cast<std::int64_t>(g.prompt.size()) + 7;  // the same minimum, counted with the prompt
  EXPECT_EQ(generate(*g.model, g.prompt, length).ids, ids);
}

TEST(Generator, AForcedEndTokenIsTheLastThatFits) {  // ForcedEOSTokenLogitsProcessor of Transformers
  const Greedy g = greedy("llama/causal");
  const auto n = static_cast<std::int64_t>(g.prompt.size());
  GenerateOptions options{.max_new_tokens = 6, .eos_ids = {65}, .forced_eos_ids = {66, 65, 1 << 20}};
  options.min_new_tokens = 6;  // does not prevent it
  Ids wanted(g.ids.begin(), g.ids.begin() + 5);
  wanted.push_back(65);
  Generation made = generate(*g.model, g.prompt, options);
  EXPECT_EQ(made.ids, wanted);
  EXPECT_EQ(made.finish, FinishReason::kStop);
  options.max_length = n + 6;
  EXPECT_EQ(generate(*g.model, g.prompt, options).ids, wanted);
  options.eos_ids = {g.ids[1]};  // a text that ended before is not extended
  options.min_new_tokens = 0;
  EXPECT_EQ(generate(*g.model, g.prompt, options).ids.back(), g.ids[1]);
}

TEST(Generator, StopsWhereTheContextIsFull) {
  const Greedy g = greedy("gpt2/causal");  // 64 positions
  Ids prompt(60, 7);
  EXPECT_EQ(generate(*g.model, prompt, {.max_new_tokens = 100}).ids.size(), 4U);
  prompt.resize(64, 7);
  EXPECT_THROW(generate(*g.model, prompt, {}), Error);
}

TEST(Generator, LogprobsAreThoseOfTheWholeSequence) {
  const Greedy g = greedy("llama/causal");
  GenerateOptions options{.max_new_tokens = 8, .logprobs = 3};
  options.sampling.repetition_penalty = 3;  // affects the choice, not the reported values
  const Generation made = generate(*g.model, g.prompt, options);
  Ids all = g.prompt;
  all.insert(all.end(), made.ids.begin(), made.ids.end());
  Tensor table = g.model->logits(g.model->forward(nn::pack({all})));
  backend(kCpu).log_softmax(table.data<float>().data(), table.data<float>().data(), table.size(0), table.size(1));
  ASSERT_EQ(made.logprobs.size(), made.ids.size());
  for (std::size_t i = 0; i < made.ids.size(); ++i) {
    const auto row = table.select(0, static_cast<std::int64_t>(g.prompt.size() + i) - 1).data<float>();
    const StepLogprobs& step = made.logprobs[i];
    EXPECT_EQ(step.chosen.id, made.ids[i]);
    EXPECT_NEAR(step.chosen.logprob, row[static_cast<std::size_t>(made.ids[i])], 1e-5);
    ASSERT_EQ(step.top.size(), 3U);
    EXPECT_EQ(step.top[0].id, std::max_element(row.begin(), row.end()) - row.begin());
    for (std::size_t t = 0; t < 3; ++t)
      EXPECT_NEAR(step.top[t].logprob, row[static_cast<std::size_t>(step.top[t].id)], 1e-5);
    EXPECT_GE(step.top[0].logprob, step.top[1].logprob);
    EXPECT_GE(step.top[1].logprob, step.top[2].logprob);
  }
}

TEST(Generator, ReportsEveryTokenAndStopsWhenTold) {
  const Greedy g = greedy("llama/causal");
  Ids told;
  const Generation made = generate(*g.model, g.prompt, {.max_new_tokens = 20}, [&](std::int32_t id) {
    told.push_back(id);
    return told.size() < 4;
  });
  EXPECT_EQ(told, Ids(g.ids.begin(), g.ids.begin() + 4));
  EXPECT_EQ(made.ids, told);
  EXPECT_EQ(made.finish, FinishReason::kStop);
}

TEST(Generator, AnInterruptionEndsThePromptBetweenTwoLayers) {
  const Greedy g = greedy("llama/causal");
  int calls = 0;
  const Generation made =
      generate(*g.model, g.prompt, {.max_new_tokens = 20, .interrupted = [&] { return ++calls == 2; }});
  EXPECT_EQ(calls, 2);
  EXPECT_TRUE(made.ids.empty());
  EXPECT_EQ(made.finish, FinishReason::kStop);
}

TEST(Generator, AnInterruptionKeepsTheTokensThatAreThere) {
  const Greedy g = greedy("llama/causal");
  Ids told;
  const Generation made =
      generate(*g.model, g.prompt, {.max_new_tokens = 20, .interrupted = [&] { return told.size() == 4; }},
               [&](std::int32_t id) {
                 told.push_back(id);
                 return true;
               });
  EXPECT_EQ(made.ids, Ids(g.ids.begin(), g.ids.begin() + 4));
  EXPECT_EQ(made.finish, FinishReason::kStop);
}

TEST(Generator, SamplesRepeatWithTheirSeed) {
  const Greedy g = greedy("bloom/causal");
  GenerateOptions options{.max_new_tokens = 24};
  options.sampling = {.do_sample = true, .temperature = 3};
  const auto with_seed = [&](std::uint64_t seed) {
    options.seed = seed;
    return generate(*g.model, g.prompt, options).ids;
  };
  EXPECT_EQ(with_seed(1), with_seed(1));
  EXPECT_NE(with_seed(1), with_seed(2));
}

// A soft prompt of a token's own embedding is equivalent to that token.
TEST(Generator, SoftPromptOfARealTokenIsThatToken) {
  const Greedy g = greedy("llama/causal");
  const Ids rest(g.prompt.begin() + 1, g.prompt.end());
  Tensor table;
  for (const nn::Parameter& p : g.model->parameters())
    if (p.name == "embeddings.tokens.weight") table = *p.tensor;
  const GenerateOptions options{.max_new_tokens = static_cast<std::int64_t>(g.ids.size())};
  g.model->set_virtual_tokens({.prompt = table.slice(0, g.prompt[0], g.prompt[0] + 1)});
  EXPECT_EQ(generate(*g.model, rest, options).ids, g.ids);
}

TEST(Generator, RefusesAnEmptyPrompt) { EXPECT_THROW(generate(*load("llama/causal"), {}, {}), Error); }

// A learned prefix is in the KV cache as past tokens; without a cache, attention reads it in every pass.
TEST(Generator, ALearnedPrefixIsSeenThroughTheCacheToo) {
  for (const char* name : {"llama/causal", "gpt2/causal", "bloom/causal"}) {
    const auto model = load(name);
    const nn::TransformerConfig& c = model->config();
    Rng rng(5);
    const auto drawn = [&] {
      Tensor t = Tensor::empty({3, c.kv_heads * c.head_dim});
      for (float& v : t.data<float>()) v = rng.normal();
      return t;
    };
    std::vector<nn::PrefixKv> prefix;
    for (std::int64_t layer = 0; layer < c.layers; ++layer) prefix.push_back({drawn(), drawn()});
    nn::ForwardState state;
    state.prefix = prefix;
    model->set_virtual_tokens({.prefix = prefix});
    const Generation made = generate(*model, Ids{5, 6, 7}, {.max_new_tokens = 6});
    Ids ids{5, 6, 7};
    for (const std::int32_t id : made.ids) {
      const Tensor hidden = model->forward(nn::pack({ids}), state);
      const std::int32_t last = static_cast<std::int32_t>(ids.size()) - 1;
      EXPECT_EQ(argmax(model->logits(hidden, {&last, 1}).data<float>()), id) << name << ", " << ids.size();
      ids.push_back(id);
    }
    EXPECT_EQ(made.ids.size(), 6u);
    EXPECT_EQ(made.prompt_tokens, 3);
  }
}

}  // namespace
}  // namespace linnet::generate
