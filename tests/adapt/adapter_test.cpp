#include <gmock/gmock.h>

#include <numeric>

#include "linnet/adapt/kinds.h"
#include "linnet/adapt/loaded.h"
#include "linnet/base/file.h"
#include "linnet/models/saver.h"
#include "tests/adapt/adapted.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

std::vector<std::string> adapters() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(fixtures() / "adapters"))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

Loaded load(const std::filesystem::path& folder) {
  return load_adapted(folder, {}, {.dtype = models::WeightType::kF32});
}

class Peft : public ::testing::TestWithParam<std::string> {
 protected:
  Peft() : folder_(adapter_fixture(GetParam())), expected_(folder_ / "expected.safetensors") {
    if (expected_.has("decoder_input_ids"))
      decoder_ = {expected_.rows("decoder_input_ids"), expected_.rows("decoder_attention_mask"), {}};
  }
  std::filesystem::path folder_;
  Expected expected_;
  nn::PaddedBatch decoder_;  // of an encoder-decoder
};

TEST_P(Peft, ItsFileGivesItsLogits) {
  const Loaded adapted = load(folder_);
  if (!expected_.has("logits")) GTEST_SKIP() << "no logits";
  const auto batch = expected_.batch();
  expect_close(logits(*adapted.model, adapted.adapter.get(), batch, decoder_),
               expected_.kept("logits", decoder_.ids.empty() ? batch.mask : decoder_.mask), 1e-4, GetParam());
}

// Our file of the same adapter has the same tensors and names, and gives the same results when read again.
TEST_P(Peft, WhatWasReadIsWrittenUnderTheSameNames) {
  Scratch scratch;
  const Loaded adapted = load(folder_);
  adapted.adapter->save(scratch / "out");
  const auto before = CheckpointReader::open(folder_), after = CheckpointReader::open(scratch / "out");
  std::set<std::string> theirs(before->names().begin(), before->names().end());
  theirs.erase("base_model.model.cls.predictions.decoder.bias");  // the same bias as cls.predictions.bias
  const std::set<std::string> ours(after->names().begin(), after->names().end());
  EXPECT_EQ(ours, theirs);
  for (const std::string& name : theirs) {
    if (ours.contains(name)) expect_close(floats(after->read(name)), floats(before->read(name)), 0, name);
  }
  const Loaded again = load_adapted(scratch / "out", adapted.files.model.place(), {.dtype = models::WeightType::kF32});
  const auto batch = expected_.batch();
  EXPECT_EQ(logits(*again.model, again.adapter.get(), batch, decoder_),
            logits(*adapted.model, adapted.adapter.get(), batch, decoder_));
}

INSTANTIATE_TEST_SUITE_P(Fixtures, Peft, ::testing::ValuesIn(adapters()), case_name);

TEST(Adapter, TheBaseLiesRelativeToItsFolder) {
  const auto base = AdapterFiles(adapter_fixture("llama-lora")).base();
  EXPECT_TRUE(std::filesystem::equivalent(base, fixtures() / "llama/causal"));
  Scratch scratch;
  write_file(scratch / "adapter_config.json", R"({"peft_type": "LORA", "base_model_name_or_path": "org/nowhere"})");
  EXPECT_TRUE(AdapterFiles(scratch.path()).base().empty());
  EXPECT_THAT(refusal([&] { load_adapted(scratch.path()); }),
              HasSubstr("its base model 'org/nowhere' is neither a path beside it nor here; name it with base"));
}

TEST(Adapter, ParametersAreItsOwnAndTheHeads) {
  const auto names = [](Adapter& adapter) {
    std::vector<std::string> all;
    for (const nn::Parameter& p : adapter.parameters()) {
      all.push_back(p.name);
      EXPECT_TRUE(p.tensor->requires_grad()) << p.name;
    }
    return all;
  };
  const auto classifier = base("bert/classifier"), speaker = base("llama/causal");
  EXPECT_THAT(names(*Adapter::create(*classifier, Lora{})),
              ::testing::AllOf(Contains("layers.0.attention.query.lora_A"), Contains("head.classifier.weight")));
  EXPECT_THAT(names(*Adapter::create(*speaker, PromptTuning{})), ::testing::ElementsAre("prompt"));
  for (const nn::Parameter& p : speaker->parameters()) EXPECT_FALSE(p.tensor->requires_grad()) << p.name;
}

TEST(Adapter, WhatDoesNotFitTheBaseIsNamed) {
  EXPECT_THAT(refusal([] { load_adapted(adapter_fixture("llama-lora"), fixtures() / "bloom/causal"); }),
              HasSubstr("q_proj"));
  EXPECT_THAT(refusal([] { load_adapted(adapter_fixture("llama-prompt"), fixtures() / "llama/rope-linear"); }),
              HasSubstr("'prompt_embeddings' has shape [3, 24], the model wants [3, 16]"));
  EXPECT_THAT(refusal([] { load_adapted(adapter_fixture("llama-prefix"), fixtures() / "llama/rope-linear"); }),
              HasSubstr("'prompt_embeddings' has shape"));
  EXPECT_THAT(refusal([] { load_adapted(adapter_fixture("llama-lora"), fixtures() / "llama/rope-linear"); }),
              HasSubstr("do not fit"));
}

TEST(Adapter, LabelsComeFromTheConfigurationBesideIt) {
  const auto model = base("bert/classifier");
  Scratch scratch;
  Adapter::create(*model, Lora{}, {.base = "../base"})->save(scratch / "a");
  EXPECT_EQ(read_json(scratch / "a" / "config.json")["id2label"]["2"], "blue");
  EXPECT_EQ(read_json(scratch / "a" / "adapter_config.json")["base_model_name_or_path"], "../base");
  EXPECT_EQ(read_json(scratch / "a" / "adapter_config.json")["task_type"], "SEQ_CLS");
  const Loaded onto_a_trunk = load_adapted(scratch / "a", fixtures() / "bert/masked");
  EXPECT_THAT(onto_a_trunk.model->config().labels, ::testing::ElementsAre("red", "green", "blue"));
  EXPECT_TRUE(onto_a_trunk.model->config().head_trained);
  std::filesystem::remove(scratch / "a" / "config.json");
  EXPECT_THAT(load_adapted(scratch / "a", fixtures() / "bert/masked").model->config().labels,
              ::testing::ElementsAre("LABEL_0", "LABEL_1", "LABEL_2"));
}

// A classifier without a config.json of its own has the labels of the base, in order.
TEST(Adapter, LabelsOfABareAdapterAreTheBases) {
  Scratch scratch;
  const auto model = base("bert/classifier");
  Adapter::create(*model, Lora{}, {.base = (fixtures() / "bert/classifier").string()})->save(scratch / "a");
  std::filesystem::remove(scratch / "a" / "config.json");
  EXPECT_THAT(load_adapted(scratch / "a").model->config().labels, ::testing::ElementsAre("red", "green", "blue"));
  EXPECT_THAT(pretrained_files(scratch / "a", fixtures() / "bert/classifier").config().labels,
              ::testing::ElementsAre("red", "green", "blue"));
  EXPECT_EQ(load_adapted(adapter_fixture("bert-classifier-lora")).model->config().labels,
            models::ModelFiles(fixtures() / "bert/classifier").config().labels);
}

// The weights that PEFT stores with an update of the output matrix are the base's; different ones replace them.
TEST(Adapter, OtherBaseWeightsInTheFileAreUsedAndSaid) {
  Scratch scratch;
  std::filesystem::copy(adapter_fixture("llama-lora-output"), scratch / "a");
  const auto reader = CheckpointReader::open(adapter_fixture("llama-lora-output"));
  const std::string name = "base_model.model.lm_head.base_layer.weight";
  ASSERT_TRUE(reader->has(name));
  CheckpointWriter out(scratch / "a", "adapter_model");
  for (const std::string& each : reader->names()) {
    Tensor value = reader->read(each);
    if (each == name) value.data<float>()[0] += 1;
    out.add(each, value);
  }
  out.finish();
  testing::internal::CaptureStderr();
  const Loaded other = load_adapted(scratch / "a", fixtures() / "llama/causal", {.dtype = models::WeightType::kF32});
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("lm_head.base_layer.weight"));
  const Loaded usual = load(adapter_fixture("llama-lora-output"));
  EXPECT_GT(furthest(logits(*other.model, nullptr, one_row()), logits(*usual.model, nullptr, one_row())), 1e-3);
}

// A file of the raw state also has a saved module's values before training, in any order.
TEST(Adapter, WhatASavedModuleWasBeforeIsNotTakenForIt) {
  const Scratch scratch;
  CheckpointWriter out(scratch.path(), "adapter_model");
  const auto module = [](const char* which) { return fmt::format("base_model.model.{}.weight", which); };
  out.add(module("a.modules_to_save.default"), Tensor::from(std::vector<float>{1}, {1}));
  out.add(module("a.original_module"), Tensor::from(std::vector<float>{2}, {1}));
  out.add(module("b.original_module"), Tensor::from(std::vector<float>{2}, {1}));
  out.add(module("b.modules_to_save.default"), Tensor::from(std::vector<float>{1}, {1}));
  out.finish();
  PeftTensors tensors = AdapterFiles(scratch.path()).tensors();
  EXPECT_EQ(tensors.at("a.weight").data<float>()[0], 1);
  EXPECT_EQ(tensors.at("b.weight").data<float>()[0], 1);
}

TEST(Adapter, TheClassifierBesideItComesBackAsItWasMade) {
  const auto model = base("llama/causal");
  model->new_head({.labels = {"a", "b"}, .classifier = nn::ClassifierKind::kMlp, .pooling = nn::Pooling::kMean}, 3);
  Scratch scratch;
  Adapter::create(*model, Lora{}, {.base = (fixtures() / "llama/causal").string()})->save(scratch / "a");
  const Loaded again = load_adapted(scratch / "a", {}, {.dtype = models::WeightType::kF32});
  EXPECT_EQ(again.model->config().pooling, nn::Pooling::kMean);
  EXPECT_EQ(again.model->config().classifier, nn::ClassifierKind::kMlp);
  const nn::Packed batch = nn::pack(one_row());
  EXPECT_EQ(floats(again.model->classify(again.model->pooled(batch))), floats(model->classify(model->pooled(batch))));
}

// A masked LM has no pooler: a classifier's new one is trained with the head, and saved with it.
TEST(Adapter, ADrawnPoolerComesBackToo) {
  const models::LoadOptions as_classifier{
      .dtype = models::WeightType::kF32, .head = nn::HeadKind::kSequenceClass, .labels = {"a", "b"}, .seed = 7};
  const nn::Packed batch = nn::pack(one_row());
  const auto scores = [&](const models::Model& m) { return floats(m.classify(m.pooled(batch))); };
  for (const AdapterMethod& method : {AdapterMethod(Lora{.targets = {"all-linear"}}), AdapterMethod(PromptTuning{2}),
                                      AdapterMethod(PrefixTuning{2})}) {
    const auto model = models::load_model(fixtures() / "bert/masked", as_classifier);
    const auto adapter = Adapter::create(*model, method, {.base = (fixtures() / "bert/masked").string()});
    for (const nn::Parameter& p : adapter->parameters())
      for (float& v : p.tensor->data<float>()) v += 0.1F;
    Scratch scratch;
    adapter->save(scratch / "a");
    adapter->attach();
    const Loaded again = load_adapted(scratch / "a", {}, {.dtype = models::WeightType::kF32});
    EXPECT_EQ(scores(*again.model), scores(*model)) << method.index();
    if (!std::holds_alternative<Lora>(method)) continue;
    again.adapter->merge();
    models::save_model(*again.model, scratch / "merged");
    const auto merged = models::load_model(scratch / "merged", {.dtype = models::WeightType::kF32});
    EXPECT_TRUE(merged->config().head_trained);
    expect_close(scores(*merged), scores(*model), 1e-5, "merged");
  }
}

TEST(Adapter, ItsConfigurationIsKnownBeforeItsWeights) {
  const auto model = base("llama/causal");
  model->new_head({.labels = {"a", "b"}, .classifier = nn::ClassifierKind::kMlp, .pooling = nn::Pooling::kMean}, 3);
  Scratch scratch;
  Adapter::create(*model, Lora{})->save(scratch / "a");
  const nn::TransformerConfig config = pretrained_files(scratch / "a", fixtures() / "llama/causal").config();
  EXPECT_EQ(config.head, nn::HeadKind::kSequenceClass);
  EXPECT_THAT(config.labels, ::testing::ElementsAre("a", "b"));
  EXPECT_EQ(config.classifier, nn::ClassifierKind::kMlp);
  EXPECT_EQ(config.pooling, nn::Pooling::kMean);
  EXPECT_EQ(pretrained_files(adapter_fixture("llama-lora"), fixtures() / "llama/causal").config().head,
            nn::HeadKind::kCausalLm);
}

// LLaMA's name for the classifiers of texts and of tokens is "score", BERT's is "classifier".
TEST(Adapter, ClassifiersOfTokensComeBack) {
  for (const char* name : {"bert/tokens", "llama/tokens"}) {
    const auto model = base(name);
    Scratch scratch;
    const auto adapter = Adapter::create(*model, Lora{}, {.base = (fixtures() / name).string()});
    for (const nn::Parameter& p : adapter->parameters())
      for (float& v : p.tensor->data<float>()) v += 0.1F;
    adapter->save(scratch / "a");
    const Loaded again = load_adapted(scratch / "a", {}, {.dtype = models::WeightType::kF32});
    const auto scores = [](const models::Model& m) { return floats(m.classify(m.forward(nn::pack(one_row())))); };
    EXPECT_EQ(scores(*again.model), scores(*model)) << name;
  }
}

// A soft prompt is described by its nearest real tokens. Recomputed blocks give every part of an adapter the same
// gradient.
TEST(Adapter, RecomputingBlocksGivesTheSameGradients) {
  const AdapterMethod methods[] = {Lora{.rank = 2, .dropout = 0.2, .targets = {"all-linear"}}, PromptTuning{3},
                                   PrefixTuning{3}, PrefixTuning{.virtual_tokens = 3, .projection = true}};
  for (const char* name : {"llama/causal", "bloom/classifier", "bert/classifier"})
    for (const AdapterMethod& method : methods) {
      SCOPED_TRACE(testing::Message() << name << " " << method.index());
      const auto model = base(name);
      const auto adapter = Adapter::create(*model, method, {.seed = 1});
      model->pass().training = true;
      for (const nn::Parameter& p : adapter->parameters())  // LoRA's B starts at 0, and A without a gradient
        for (float& v : p.tensor->data<float>()) v += 0.1F;
      const auto plain = gradients(*model, *adapter, false), again = gradients(*model, *adapter, true);
      ASSERT_EQ(again.size(), plain.size());
      for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_LE(furthest(again[i], plain[i]), 1e-5) << i;
    }
}

TEST(NearestTokens, AreTheRowsOfHighestCosine) {
  const Tensor table = Tensor::from(std::vector<float>{1, 0, 0, 1, 1, 1, -1, 0}, {4, 2});
  const Tensor prompt = Tensor::from(std::vector<float>{5, 0.1F, 2, 2.1F}, {2, 2});
  const auto nearest = nearest_tokens(prompt, table, 2);
  EXPECT_THAT(nearest, ::testing::ElementsAre(::testing::ElementsAre(0, 2), ::testing::ElementsAre(2, 1)));
  EXPECT_EQ(nearest_tokens(prompt, table, 100)[0].size(), 4U);
}

// The logits of the fixture's rows, each sequence of a batch with the adapter that `of` gives.
std::vector<float> logits_with(const models::Model& model, const nn::Packed& batch,
                               const std::vector<const nn::SequenceAdapter*>& of) {
  nn::KvCache cache = model.make_cache();
  std::vector<nn::KvCache::Sequence> sequences(of.size());
  std::vector<nn::KvCache::Sequence*> pointers;
  for (auto& sequence : sequences) pointers.push_back(&sequence);
  const Tensor hidden = model.forward(batch, {.cache = &cache, .sequences = pointers, .adapters = of});
  std::vector<std::int32_t> rows(static_cast<std::size_t>(batch.rows()));
  std::iota(rows.begin(), rows.end(), 0);
  std::vector<const nn::SequenceAdapter*> of_rows;
  for (std::size_t s = 0; s < of.size(); ++s)
    of_rows.insert(of_rows.end(), static_cast<std::size_t>(batch.length(static_cast<std::int64_t>(s))), of[s]);
  return floats(model.logits(hidden, rows, of_rows));
}

// Adapters of one base, in one batch that leaves the base as it is, against the model that has each for itself.
TEST(SequenceAdapters, GiveTheNumbersOfTheAttachedAdapter) {
  for (const auto& [family, names] : std::map<std::string, std::vector<std::string>>{
           {"llama", {"llama-lora", "llama-lora-table", "llama-rank-pattern", "llama-prompt", "llama-prefix"}},
           {"bloom", {"bloom-lora", "bloom-prompt", "bloom-prefix"}},
           {"gpt2", {"gpt2-lora", "gpt2-lora-table", "gpt2-prompt", "gpt2-prefix"}}}) {
    std::map<std::string, std::vector<std::string>> by_base;
    for (const std::string& name : names)
      by_base[AdapterFiles(adapter_fixture(name)).base().filename().string()].push_back(name);
    for (const auto& [place, some] : by_base) {
      const auto model =
          models::load_model(AdapterFiles(adapter_fixture(some[0])).base(), {.dtype = models::WeightType::kF32});
      std::vector<std::shared_ptr<const nn::SequenceAdapter>> kept{nullptr};
      for (const std::string& name : some) kept.push_back(load_sequence_adapter(*model, adapter_fixture(name)));
      std::vector<const nn::SequenceAdapter*> of;
      std::vector<std::vector<std::int32_t>> texts;
      for (std::size_t i = 0; i < kept.size(); ++i) {
        of.push_back(kept[i].get());
        texts.push_back({5, 6, 7, static_cast<std::int32_t>(8 + i)});
      }
      const std::vector<float> together = logits_with(*model, nn::pack(texts), of);
      const std::size_t each = together.size() / kept.size();
      for (std::size_t i = 0; i < kept.size(); ++i) {
        const std::span<const float> found = std::span(together).subspan(i * each, each);
        std::unique_ptr<Adapter> own;
        const auto alone =
            models::load_model(AdapterFiles(adapter_fixture(some[0])).base(), {.dtype = models::WeightType::kF32});
        if (i > 0) own = Adapter::load(*alone, adapter_fixture(some[i - 1]));
        nn::ForwardState state;
        if (own != nullptr) own->extend(state);
        const std::vector<float> wanted = floats(alone->logits(alone->forward(nn::pack({texts[i]}), state)));
        expect_close(found, wanted, 1e-5, i == 0 ? "no adapter" : some[i - 1]);
      }
    }
  }
}

TEST(SequenceAdapters, DoNotMixWithPoolingOrSharedVirtualTokens) {
  const auto folder = adapter_fixture("llama-prompt");
  const auto model = models::load_model(AdapterFiles(folder).base(), {.dtype = models::WeightType::kF32});
  const auto adapter = load_sequence_adapter(*model, folder);
  const std::vector<const nn::SequenceAdapter*> of{adapter.get()}, two{adapter.get(), nullptr};
  const nn::Packed text = nn::pack({{5, 6, 7}});
  EXPECT_NO_THROW(model->forward(text, {.adapters = of}));
  EXPECT_THROW(model->forward(text, {.adapters = two}), Error);
  EXPECT_THROW(model->pooled(text, {.adapters = of}), Error);
  EXPECT_THROW(model->forward(text, {.prompt_embeddings = adapter->virtual_tokens.prompt, .adapters = of}), Error);
  EXPECT_THROW(model->logits(model->forward(text), std::vector<std::int32_t>{0}, two), Error);
}

TEST(Adapters, ASecondLoraOnAModelIsRefused) {
  const auto folder = adapter_fixture("llama-lora");
  const auto model = base("llama/causal");
  auto first = Adapter::create(*model, Lora{.rank = 2});
  EXPECT_THROW(Adapter::create(*model, Lora{.rank = 3}), Error);
  first.reset();
  EXPECT_NO_THROW(first = Adapter::create(*model, Lora{.rank = 3}));
  first->merge();
  EXPECT_TRUE(model->pass().lora.empty());
}

TEST(SequenceAdapters, OneThatReplacesTensorsIsRefusedByName) {
  for (const char* name : {"gpt2-saved-table", "gpt2-saved-output", "bloom-saved-both", "gpt2-bias-lora-only"}) {
    const auto folder = adapter_fixture(name);
    const auto model = models::load_model(AdapterFiles(folder).base(), {.dtype = models::WeightType::kF32});
    const std::vector<float> before = floats(model->logits(model->forward(nn::pack(one_row()))));
    const std::string said = refusal([&] { load_sequence_adapter(*model, folder); });
    EXPECT_THAT(said, HasSubstr(folder.string())) << name;
    EXPECT_THAT(said, HasSubstr("replaces one of the base model")) << name;
    EXPECT_EQ(floats(model->logits(model->forward(nn::pack(one_row())))), before) << name;
  }
}

}  // namespace
}  // namespace linnet
