#include <gmock/gmock.h>

#include <cmath>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "tests/adapt/adapted.h"
#include "tests/models/tiny_encoder_decoder.h"
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

TEST(PrefixTuning, AProjectionTrainsAndItsOutputIsSaved) {
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

std::unique_ptr<models::Model> two_stacks() {
  nn::TransformerConfig c = tiny_config();
  c.decoder_layers = 3;
  return models::Model::from_config(kTiny, c, 1);
}

Tensor translated(const models::Model& model, Adapter* adapter) {
  const nn::Packed source = nn::pack({{5, 6, 7}, {8, 9, 10, 11}}), target = nn::pack({{0, 12}, {0, 13, 14}});
  nn::ForwardState state;
  if (adapter != nullptr) adapter->extend(state);
  const nn::Encoded encoded = model.encode(source, state);
  state.encoder = &encoded;
  return model.forward(target, state);
}

TEST(PrefixTuning, AnEncoderDecoderHasThreeAsInThePaper) {
  const auto model = two_stacks();
  const auto adapter = Adapter::create(*model, PrefixTuning{.virtual_tokens = 2}, {.seed = 1});
  const auto own = adapter->parameters();
  ASSERT_EQ(own.size(), 3U);
  EXPECT_EQ(own[0].shape, (Shape{2, 3 * 2 * 24}));
  EXPECT_EQ(own[1].shape, (Shape{2, 2 * 2 * 24}));
  EXPECT_EQ(own[2].shape, (Shape{2, 3 * 2 * 24}));
  const std::vector<float> before = floats(translated(*model, adapter.get()));
  for (const nn::Parameter& p : own) {  // each is read
    const float kept = p.tensor->data<float>()[5];
    p.tensor->data<float>()[5] += 1;
    EXPECT_GT(furthest(floats(translated(*model, adapter.get())), before), 1e-5) << p.name;
    p.tensor->data<float>()[5] = kept;
  }
  Scratch scratch;
  adapter->save(scratch / "all");
  EXPECT_THAT(
      CheckpointReader::open(scratch / "all")->names(),
      ::testing::UnorderedElementsAre("prompt_embeddings", "encoder_prompt_embeddings", "cross_prompt_embeddings"));
  EXPECT_EQ(read_json(scratch / "all" / "adapter_config.json")["peft_type"], "LINNET_PREFIX_TUNING");
  const auto again = Adapter::load(*model, scratch / "all");
  EXPECT_EQ(floats(translated(*model, again.get())), before);
  again->attach();
  EXPECT_EQ(floats(translated(*model, nullptr)), before);
  EXPECT_THROW(Adapter::load(*base("bloom/causal"), scratch / "all"), Error);
}

TEST(PrefixTuning, PeftsSubsetIsTheDecoders) {
  const auto model = two_stacks();
  const auto adapter =
      Adapter::create(*model, PrefixTuning{.virtual_tokens = 2, .reach = PrefixReach::kOneStack}, {.seed = 1});
  EXPECT_EQ(adapter->parameters().size(), 1U);
  nn::ForwardState state;
  adapter->extend(state);
  EXPECT_EQ(state.prefix.size(), 3U);
  EXPECT_TRUE(state.encoder_prefix.empty() && state.cross_prefix.empty());
  Scratch scratch;
  adapter->save(scratch / "peft");
  EXPECT_THAT(CheckpointReader::open(scratch / "peft")->names(), ::testing::ElementsAre("prompt_embeddings"));
  const Json json = read_json(scratch / "peft" / "adapter_config.json");
  EXPECT_EQ(json["peft_type"], "PREFIX_TUNING");
  EXPECT_EQ(json["num_transformer_submodules"], 2);
  EXPECT_EQ(json["num_layers"], 3);
  const auto again = Adapter::load(*model, scratch / "peft");
  EXPECT_EQ(floats(translated(*model, again.get())), floats(translated(*model, adapter.get())));
}

// For a model with two stacks PEFT gives layer i the pair 2 i; each layer here gets the same pair of its file.
TEST(PrefixTuning, PeftsFileOfTwoStacksGivesItsKeysAndValues) {
  nn::TransformerConfig c = tiny_config();
  c.layers = c.decoder_layers = 4;
  const auto model = models::Model::from_config(kTiny, c, 1);
  const auto folder = fixtures() / "two-stacks/prefix";
  const auto adapter = Adapter::load(*model, folder);
  nn::ForwardState state;
  adapter->extend(state);
  ASSERT_EQ(state.prefix.size(), 4U);
  const auto expected = CheckpointReader::open(folder / "layers.safetensors");
  for (std::size_t i = 0; i < 4; ++i) {
    const std::string layer = std::to_string(i);
    EXPECT_EQ(floats(state.prefix[i].keys), floats(expected->read("keys." + layer))) << i;
    EXPECT_EQ(floats(state.prefix[i].values), floats(expected->read("values." + layer))) << i;
  }
  Scratch scratch;
  adapter->save(scratch / "again");
  const Json ours = read_json(scratch / "again" / "adapter_config.json"),
             theirs = read_json(folder / "adapter_config.json");
  for (const auto& [key, value] : theirs.items()) EXPECT_EQ(ours[key], value) << key;
}

// Every kind of prefix, with and without its MLP, and with recomputed blocks, against finite differences.
TEST(PrefixTuning, GradientsOfAllThreeAreRight) {
  const auto model = two_stacks();
  for (const bool projection : {false, true}) {
    const auto adapter = Adapter::create(
        *model, PrefixTuning{.virtual_tokens = 2, .projection = projection, .projection_hidden = 5}, {.seed = 1});
    const auto plain = gradients(*model, *adapter, false), again = gradients(*model, *adapter, true);
    const auto own = adapter->parameters();
    ASSERT_EQ(plain.size(), projection ? 15U : 3U);
    const auto loss = [&] {
      nn::ForwardState state;
      adapter->extend(state);
      const nn::Packed texts = nn::pack({{5, 6, 7, 8}, {9, 10, 11}});
      const nn::Encoded source = model->encode(texts, state);
      state.encoder = &source;
      double sum = 0;
      for (const float x : floats(model->forward(texts, state))) sum += std::tanh(static_cast<double>(x));
      return sum;
    };
    for (std::size_t i = 0; i < own.size(); ++i) {
      EXPECT_LE(furthest(again[i], plain[i]), 1e-5) << own[i].name;
      for (const std::size_t at : {std::size_t{0}, plain[i].size() / 2, plain[i].size() - 1}) {
        float& x = own[i].tensor->data<float>()[at];
        const float kept = x, step = 1e-2F;
        x = kept + step;
        const double up = loss();
        x = kept - step;
        const double down = loss();
        x = kept;
        EXPECT_NEAR(plain[i][at], (up - down) / (2 * static_cast<double>(step)), 2e-3) << own[i].name << " " << at;
      }
    }
  }
}

TEST(PrefixTuning, NoVirtualTokensAreNone) {
  const auto model = base("bloom/causal");
  EXPECT_THROW(Adapter::create(*model, PrefixTuning{.virtual_tokens = 0}), Error);
}

}  // namespace
}  // namespace linnet
