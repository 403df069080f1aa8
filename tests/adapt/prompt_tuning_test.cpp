#include <gmock/gmock.h>

#include "linnet/base/error.h"
#include "tests/adapt/adapted.h"

namespace linnet {
namespace {

std::vector<float> rows(const Tensor& table, const std::vector<std::int32_t>& ids) {
  return floats(embedding(table, ids));
}

TEST(PromptTuning, StartsFromATextCutOrRepeated) {
  const auto model = base("llama/causal");
  const Tensor table = token_table(*model);
  const auto prompt = [&](std::int64_t count) {
    return floats(
        Adapter::create(
            *model,
            PromptTuning{.virtual_tokens = count, .init = PromptInit::kText, .text = "a b c", .text_ids = {9, 8, 7}})
            ->prompt());
  };
  EXPECT_EQ(prompt(5), rows(table, {9, 8, 7, 9, 8}));
  EXPECT_EQ(prompt(2), rows(table, {9, 8}));
  EXPECT_THROW(Adapter::create(*model, PromptTuning{.init = PromptInit::kText}), Error);
  EXPECT_THROW(Adapter::create(*model, PromptTuning{.virtual_tokens = 0}), Error);
}

TEST(PromptTuning, SampledRowsAreRealOnesRandomOnesAreNot) {
  const auto model = base("llama/causal");
  const Tensor table = token_table(*model);
  const auto sampled =
      Adapter::create(*model, PromptTuning{.virtual_tokens = 6, .init = PromptInit::kVocabulary}, {.seed = 2});
  for (const auto& nearest : nearest_tokens(sampled->prompt(), table, 1)) {
    const auto found = rows(table, nearest), all = floats(sampled->prompt());
    EXPECT_NE(std::search(all.begin(), all.end(), found.begin(), found.end()), all.end());
  }
  const auto random = Adapter::create(*model, PromptTuning{.virtual_tokens = 200}, {.seed = 2});
  double squares = 0;
  for (const float v : floats(random->prompt())) squares += static_cast<double>(v) * v;
  EXPECT_NEAR(squares / (200.0 * 24), 1, 0.1);  // torch.nn.Embedding: normal(0, 1)
}

// The rows of a real text as a soft prompt are equivalent to that text.
TEST(PromptTuning, ATextAsAPromptIsThatText) {
  const auto model = base("gpt2/causal");
  const auto adapter =
      Adapter::create(*model, PromptTuning{.virtual_tokens = 2, .init = PromptInit::kText, .text_ids = {11, 12}});
  EXPECT_TRUE(adapter->extends());
  const auto with = logits(*model, adapter.get(), one_row());
  const auto whole = logits(*model, nullptr, {{{11, 12, 5, 6, 7, 8}}, {{1, 1, 1, 1, 1, 1}}, {}});
  expect_close(with, std::span(whole).subspan(2 * 67), 1e-5, "behind the prompt");
}

TEST(PromptTuning, NarrowEmbeddingsAreRefused) {
  const auto model = base("electra/classifier");
  EXPECT_THROW(Adapter::create(*model, PromptTuning{.virtual_tokens = 2}), Error);
  EXPECT_NO_THROW(Adapter::create(*base("electra/one-width"), PromptTuning{.virtual_tokens = 2}));
}

TEST(PromptTuning, GradientsReachThePromptOnly) {
  const auto model = base("bloom/causal");
  const auto adapter = Adapter::create(*model, PromptTuning{.virtual_tokens = 3}, {.seed = 1});
  const auto own = adapter->parameters();
  const GradGuard tape(true);
  nn::ForwardState state;
  adapter->extend(state);
  backward(sum(model->forward(nn::pack(one_row()), state)));
  ASSERT_TRUE(own.front().tensor->grad());
  EXPECT_EQ(own.front().tensor->grad().shape(), (Shape{3, 24}));
  for (const nn::Parameter& p : model->parameters()) EXPECT_FALSE(p.tensor->grad()) << p.name;
  EXPECT_THROW(adapter->merge(), Error);
}

}  // namespace
}  // namespace linnet
