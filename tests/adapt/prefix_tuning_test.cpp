#include <gmock/gmock.h>

#include "linnet/base/error.h"
#include "tests/adapt/adapted.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

TEST(PrefixTuning, EveryLayerGetsItsOwnKeysAndValues) {
  const auto model = base("llama/causal");  // two layers, two key heads of 6
  const auto adapter = Adapter::create(*model, PrefixTuning{.virtual_tokens = 3}, {.seed = 1});
  const auto own = adapter->parameters();
  ASSERT_EQ(own.size(), 1U);
  EXPECT_EQ(own[0].shape, (Shape{3, 2 * 2 * 12}));
  nn::ForwardState state;
  adapter->extend(state);
  ASSERT_EQ(state.prefix.size(), 2U);
  const auto table = floats(*own[0].tensor);
  for (std::size_t layer = 0; layer < 2; ++layer)
    for (std::size_t row = 0; row < 3; ++row)
      for (std::size_t i = 0; i < 12; ++i) {
        EXPECT_EQ(floats(state.prefix[layer].keys)[row * 12 + i], table[row * 48 + 2 * layer * 12 + i]);
        EXPECT_EQ(floats(state.prefix[layer].values)[row * 12 + i], table[row * 48 + (2 * layer + 1) * 12 + i]);
      }
}

TEST(PrefixTuning, AProjectionTrainsAndItsOutputIsSaved) {  // R42
  const auto model = base("gpt2/causal");
  const auto adapter = Adapter::create(
      *model, PrefixTuning{.virtual_tokens = 2, .projection = true, .projection_hidden = 10}, {.seed = 1});
  EXPECT_EQ(adapter->parameters().size(), 5U);
  Scratch scratch;
  adapter->save(scratch / "p");
  const auto saved = CheckpointReader::open(scratch / "p");
  EXPECT_THAT(saved->names(), ::testing::ElementsAre("prompt_embeddings"));
  EXPECT_EQ(saved->read("prompt_embeddings").shape(), (Shape{2, 2 * 2 * 24}));
  const auto before = logits(*model, adapter.get(), one_row());
  const auto again = Adapter::load(*model, scratch / "p");
  EXPECT_EQ(logits(*model, again.get(), one_row()), before);
  EXPECT_TRUE(again->config().projection);
}

TEST(PrefixTuning, GradientsReachTheProjectionOnly) {
  for (const bool projection : {false, true}) {
    const auto model = base("bloom/causal");
    const auto adapter =
        Adapter::create(*model, PrefixTuning{.virtual_tokens = 2, .projection = projection}, {.seed = 1});
    const auto own = adapter->parameters();
    const GradGuard tape(true);
    nn::ForwardState state;
    adapter->extend(state);
    backward(sum(model->forward(nn::pack(one_row()), state)));
    for (const nn::Parameter& p : own) EXPECT_TRUE(p.tensor->grad()) << p.name;
    for (const nn::Parameter& p : model->parameters()) EXPECT_FALSE(p.tensor->grad()) << p.name;
  }
}

TEST(PrefixTuning, NoVirtualTokensAreNone) {
  const auto model = base("bloom/causal");
  EXPECT_THROW(Adapter::create(*model, PrefixTuning{.virtual_tokens = 0}), Error);
}

}  // namespace
}  // namespace linnet
