#include <gmock/gmock.h>

#include <set>

#include "linnet/base/error.h"
#include "linnet/base/json.h"
#include "linnet/models/loader.h"
#include "linnet/models/saver.h"
#include "linnet/ops/ops.h"
#include "tests/adapt/adapted.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

using ::testing::ElementsAre, ::testing::HasSubstr;

TEST(Lora, StartsAsTheBaseAndItsSeedDrawsA) {
  const auto plain = base("gpt2/causal"), model = base("gpt2/causal");
  const auto before = logits(*plain, nullptr, one_row());
  const auto a_of = [](Adapter& adapter) { return floats(*adapter.parameters().front().tensor); };
  const auto adapter = Adapter::create(*model, Lora{.rank = 3}, {.seed = 7});
  EXPECT_EQ(logits(*model, adapter.get(), one_row()), before);  // B is 0
  const auto first = a_of(*adapter);
  EXPECT_EQ(first, a_of(*Adapter::create(*base("gpt2/causal"), Lora{.rank = 3}, {.seed = 7})));
  EXPECT_NE(first, a_of(*Adapter::create(*base("gpt2/causal"), Lora{.rank = 3}, {.seed = 8})));
  for (const float x : first) EXPECT_LE(std::abs(x), 1 / std::sqrt(24.0F));  // kaiming_uniform(sqrt 5)
}

class Merged : public ::testing::TestWithParam<std::string> {};

// The merged weights give the results of base and adapter, in both layouts of the weight and for every scale.
TEST_P(Merged, SaysWhatBaseAndAdapterSay) {
  Loaded adapted = load_adapted(adapter_fixture(GetParam()), {}, {.dtype = models::WeightType::kF32});
  const auto batch = Expected(adapter_fixture(GetParam()) / "expected.safetensors").batch();
  const auto apart = logits(*adapted.model, adapted.adapter.get(), batch);
  const auto alone =
      logits(*models::load_model(adapted.files.model.place(), {.dtype = models::WeightType::kF32}), nullptr, batch);
  adapted.adapter->merge();
  const auto merged = logits(*adapted.model, nullptr, batch);
  expect_close(merged, apart, 1e-4, "merged");
  EXPECT_GT(furthest(merged, alone), 1e-2);
}

INSTANTIATE_TEST_SUITE_P(
    Fixtures, Merged,
    ::testing::Values("bert-classifier-lora", "bloom-lora", "gpt2-lora", "llama-rank-pattern", "llama-rslora-all",
                      "gpt2-saved-table", "bloom-saved-both", "gpt2-saved-output", "llama-lora-output",
                      "gpt2-lora-output", "llama-lora-table", "gpt2-lora-table", "bert-masked-bias-all",
                      "gpt2-bias-lora-only", "roberta-classifier-lora", "distilbert-classifier-lora",
                      "electra-classifier-lora", "mpnet-classifier-lora", "albert-classifier-lora", "phi3-lora",
                      "gpt_neox-lora", "olmo2-lora", "granite-lora", "stablelm-lora", "opt-lora", "opt-projected-all"),
    case_name);

// An adapter replaces or updates one matrix of a tied pair: merge writes both and unties.
TEST(MergedFolder, HoldsBothMatricesOfAPairThatIsNoLongerOne) {
  for (const char* name :
       {"gpt2-saved-table", "bloom-saved-both", "gpt2-saved-output", "gpt2-lora-output", "gpt2-lora-table"}) {
    Loaded adapted = load_adapted(adapter_fixture(name), {}, {.dtype = models::WeightType::kF32});
    const auto batch = Expected(adapter_fixture(name) / "expected.safetensors").batch();
    const auto apart = logits(*adapted.model, adapted.adapter.get(), batch);
    EXPECT_FALSE(adapted.model->config().tie_embeddings) << name;
    adapted.adapter->merge();
    Scratch scratch;
    models::save_model(*adapted.model, scratch / "merged");
    const auto merged = models::load_model(scratch / "merged", {.dtype = models::WeightType::kF32});
    EXPECT_FALSE(merged->config().tie_embeddings) << name;
    expect_close(logits(*merged, nullptr, batch), apart, 1e-4, name);
  }
}

// Differences between the configuration and the tensors are named.
TEST(Lora, TensorsMustBeThoseOfTheConfiguration) {
  Scratch scratch;
  const auto refused = [&](const Json& patch) {
    std::filesystem::remove_all(scratch / "a");
    std::filesystem::copy(adapter_fixture("llama-lora"), scratch / "a");
    Json json = read_json(scratch / "a/adapter_config.json");
    json.merge_patch(patch);
    put(scratch / "a/adapter_config.json", json.dump());
    return refusal([&] { load_adapted(scratch / "a", fixtures() / "llama/causal"); });
  };
  EXPECT_THAT(refused({{"target_modules", {"v_proj"}}}), HasSubstr("q_proj', which adapter_config.json leaves out"));
  EXPECT_THAT(refused({{"exclude_modules", {"v_proj"}}}), HasSubstr("v_proj"));
  EXPECT_THAT(refused({{"layers_to_transform", 1}}), HasSubstr("layers.0."));
  EXPECT_THAT(refused({{"r", 3}}), HasSubstr("has rank 4, adapter_config.json gives it 3"));
  EXPECT_THAT(refused({{"init_lora_weights", "pissa"}}), HasSubstr("init_lora_weights"));
}

TEST(Lora, TargetsWithoutTensorsAreNamed) {
  Scratch scratch;
  std::filesystem::copy(adapter_fixture("llama-lora"), scratch / "a");
  Json json = read_json(scratch / "a/adapter_config.json");
  json["target_modules"].push_back("up_proj");
  put(scratch / "a/adapter_config.json", json.dump());
  testing::internal::CaptureStderr();
  load_adapted(scratch / "a", fixtures() / "llama/causal");
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("up_proj"));
}

// The head learns through an update of the output matrix, also for a tied base.
TEST(Lora, TheOutputMatrixCanBeATarget) {
  const auto model = base("gpt2/causal");
  const auto before = logits(*model, nullptr, one_row());
  const auto adapter = Adapter::create(*model, Lora{.rank = 2, .targets = {"lm_head"}}, {.seed = 1});
  expect_close(logits(*model, adapter.get(), one_row()), before, 1e-5, "starts as the base");
  for (const nn::Parameter& p : adapter->parameters())
    for (float& v : p.tensor->data<float>()) v += 0.05F;
  const Tensor hidden = model->forward(nn::pack(one_row()));
  const auto scores = floats(model->logits(hidden));
  EXPECT_GT(furthest(scores, before), 1e-3);
  expect_close(floats(linear(model->before_output(hidden), model->output_weight())), scores, 1e-4, "as losses see it");
}

TEST(Lora, TargetsAreSuffixesOrAllLinears) {
  const auto count = [](const Lora& lora) {
    const auto model = base("llama/causal");
    return Adapter::create(*model, lora)->parameters().size() / 2;
  };
  EXPECT_EQ(count({}), 4U);  // q_proj and v_proj of two layers
  EXPECT_EQ(count({.targets = {"down_proj"}}), 2U);
  EXPECT_EQ(count({.targets = {"self_attn.q_proj"}}), 2U);
  EXPECT_EQ(count({.targets = {"all-linear"}}), 14U);
  EXPECT_EQ(count({.targets = {"layers.1.mlp.up_proj"}}), 1U);
}

// PEFT's _maybe_include_all_linear_layers: all except the output matrix and the classifier of a text.
TEST(Lora, AllLinearsAreThoseOfPeft) {
  const auto outside_the_layers = [](const char* fixture) {
    const auto model = base(fixture);
    std::set<std::string> names;
    for (const nn::Parameter& p : Adapter::create(*model, Lora{.targets = {"all-linear"}})->parameters())
      if (p.role == nn::Role::kAdapter && !p.name.starts_with("layers.")) names.insert(p.module());
    return names;
  };
  EXPECT_THAT(outside_the_layers("bert/masked"), ElementsAre("head.transform"));
  EXPECT_THAT(outside_the_layers("bert/masked-untied"), ElementsAre("head.transform"));
  EXPECT_THAT(outside_the_layers("bert/pretraining"), ElementsAre("head.next_sentence", "head.transform", "pooler"));
  EXPECT_THAT(outside_the_layers("bert/classifier"), ElementsAre("pooler"));
  EXPECT_THAT(outside_the_layers("gpt2/untied"), ElementsAre());
}

TEST(Lora, UnknownTargetsAreAnsweredWithWhatThereIs) {
  const auto model = base("gpt2/causal");
  const auto message = [&](const Lora& lora) -> std::string {
    try {
      Adapter::create(*model, lora);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInvalidArgument);
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message({.targets = {"q_proj"}}),
              HasSubstr("no module is named q_proj; this model has c_attn, c_fc, c_proj"));
  EXPECT_THAT(message({.rank = 0}), HasSubstr("rank is 0"));
  EXPECT_THAT(message({.dropout = 1}), HasSubstr("dropout is 1"));
}

TEST(Lora, TheBaseStaysFrozenWhileTheUpdateLearns) {
  const auto model = base("bloom/causal");
  const auto adapter = Adapter::create(*model, Lora{.rank = 2}, {.seed = 1});
  auto own = adapter->parameters();
  for (const nn::Parameter& p : own)
    for (float& v : p.tensor->data<float>()) v += 0.05F;
  const GradGuard tape(true);
  backward(sum(model->forward(nn::pack(one_row()))));
  for (const nn::Parameter& p : own) {
    ASSERT_TRUE(p.tensor->grad()) << p.name;
    EXPECT_GT(furthest(floats(p.tensor->grad()), std::vector<float>(static_cast<std::size_t>(p.tensor->numel()))), 0)
        << p.name;
  }
  for (const nn::Parameter& p : model->parameters()) EXPECT_FALSE(p.tensor->grad()) << p.name;
}

}  // namespace
}  // namespace linnet
