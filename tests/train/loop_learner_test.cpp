#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "linnet/adapt/loaded.h"
#include "linnet/base/error.h"
#include "linnet/train/loop/learner.h"
#include "tests/train/tiny_run.h"

namespace linnet {
namespace {

namespace fs = std::filesystem;

std::set<std::string> trained_names(const Learner& learner) {
  std::set<std::string> names;
  for (const nn::Parameter& p : learner.trained()) names.insert(p.name);
  return names;
}

TEST(Learner, FullTrainsAllButTheFrozen) {
  TrainOptions options = tiny_options();
  options.freeze = {"embeddings", "encoder.layer.0."};  // one of ours, one of Hugging Face's
  TinyRun run("bert/classifier", labelled_rows(12), options);
  std::map<std::string, std::vector<float>> before;
  for (const nn::Parameter& p : run.loaded.model->parameters())
    before[p.name].assign(p.tensor->data<float>().begin(), p.tensor->data<float>().end());
  run.trainer->run();
  for (const nn::Parameter& p : run.loaded.model->parameters()) {
    const bool same = std::equal(before[p.name].begin(), before[p.name].end(), p.tensor->data<float>().begin());
    const bool frozen = p.name.starts_with("embeddings.") || p.name.starts_with("layers.0.");
    EXPECT_EQ(same, frozen) << p.name;
  }
}

TEST(Learner, AFreezeThatMeansNothingIsNamed) {
  TrainOptions options = tiny_options();
  options.freeze = {"embedings"};
  try {
    TinyRun run("bert/classifier", labelled_rows(12), options);
    FAIL() << "was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.option(), "freeze");
    EXPECT_NE(std::string(error.what()).find("embedings"), std::string::npos);
  }
}

TEST(Learner, HeadTrainsWhatStandsOnTheTrunk) {
  TrainOptions options = tiny_options();
  options.method = TrainMethod::kHead;
  TinyRun run("bert/classifier", labelled_rows(12), options);
  EXPECT_EQ(trained_names(run.trainer->learner()),
            (std::set<std::string>{"head.classifier.weight", "head.classifier.bias", "pooler.weight", "pooler.bias"}));
}

TEST(Learner, AVocabularyIsNoHeadToTrainAlone) {
  TrainOptions options = tiny_options();
  options.method = TrainMethod::kHead;
  EXPECT_THROW(TinyRun("llama/causal", plain_rows(8), options), Error);
}

TEST(Learner, AnMlpHeadHasTwoLayers) {
  TrainOptions options = tiny_options();
  options.head_kind = nn::ClassifierKind::kMlp;
  options.method = TrainMethod::kHead;
  TinyRun run("llama/causal", labelled_rows(12), options);
  EXPECT_EQ(trained_names(run.trainer->learner()),
            (std::set<std::string>{"head.dense.weight", "head.dense.bias", "head.classifier.weight"}));
}

TEST(Learner, AdaptersLeaveTheBaseAloneAndCarryTheHead) {
  for (const TrainMethod method : {TrainMethod::kLora, TrainMethod::kPrompt, TrainMethod::kPrefix}) {
    TrainOptions options = tiny_options();
    options.method = method;
    options.virtual_tokens = 3;
    TinyRun run("llama/classifier", labelled_rows(12), options);
    std::map<std::string, std::vector<float>> before;
    for (const nn::Parameter& p : run.loaded.model->parameters())
      before[p.name].assign(p.tensor->data<float>().begin(), p.tensor->data<float>().end());
    run.trainer->run();
    for (const nn::Parameter& p : run.loaded.model->parameters())
      EXPECT_EQ(std::equal(before[p.name].begin(), before[p.name].end(), p.tensor->data<float>().begin()),
                !p.name.starts_with("head."))
          << method_name(method) << " " << p.name;
  }
}

TEST(Learner, ASavedAdapterGivesTheSameScores) {
  const Scratch scratch;
  for (const char* fixture : {"bert/classifier", "bloom/causal", "distilbert/classifier", "gpt2/classifier",
                              "llama/causal", "roberta/classifier"})
    for (const TrainMethod method : {TrainMethod::kLora, TrainMethod::kPrompt, TrainMethod::kPrefix}) {
      TrainOptions options = tiny_options(scratch.path() / fixture / method_name(method));
      options.method = method;
      options.virtual_tokens = 3;
      options.epochs = 1;
      options.valid_fraction = 0;
      const bool words = std::string(fixture).ends_with("causal");
      TinyRun run(fixture, words ? plain_rows(8) : labelled_rows(8), options);
      run.trainer->run();
      const Learner& learner = run.trainer->learner();
      TrainBatch batch;
      batch.packed.add(run.loaded.tokenizer().encode_ids("w12 w30 w44"));
      const nn::Packed text = batch.packed;
      models::Model& model = *run.loaded.model;
      model.pass().training = false;
      const Tensor hidden = learner.forward(batch);
      const Tensor expected = words ? model.logits(hidden) : model.classify(model.pooled(hidden, batch.packed));
      EXPECT_EQ(hash_of(options.output / "tokenizer.json"), hash_of(fixtures() / fixture / "tokenizer.json"));
      const Loaded again = load_pretrained(options.output, {.dtype = models::WeightType::kF32});
      const Tensor found =
          words ? again.model->logits(again.model->forward(text)) : again.model->classify(again.model->pooled(text));
      expect_close(found.data<float>(), expected.data<float>(), 1e-5,
                   std::string(fixture) + " " + std::string(method_name(method)));
    }
}

// LoRA on quantised weights: their gradient is not needed.
TEST(Learner, LoraLearnsBesideQuantisedWeights) {
  DatasetSplits splits{parse_dataset(labelled_rows(24), "jsonl", "rows.jsonl"), {}, {}};
  TrainOptions options = tiny_options();
  options.method = TrainMethod::kLora;
  options.target_modules = {"all-linear"};
  options.compute = Compute::kAuto;
  options.epochs = 10;
  options.learning_rate = 1e-2;
  options.valid_fraction = 0;
  const fs::path folder = fixtures() / "llama/wide-heads";
  models::LoadOptions load = prepare(models::ModelFiles(folder).config(), splits, options);
  load.dtype = models::WeightType::kQ8;
  Loaded loaded = load_pretrained(folder, load);
  Trainer trainer(loaded, std::move(splits), options);
  double first = 0, last = 0;
  trainer.run({.on_step = [&](const StepRecord& r) { (r.step == 1 ? first : last) = r.loss; }});
  EXPECT_LT(last, 0.7 * first);
}

TEST(Learner, AnAdapterGoesOnLearning) {
  const Scratch scratch;
  TrainOptions options = tiny_options(scratch.path() / "first");
  options.method = TrainMethod::kLora;
  TinyRun first("llama/causal", plain_rows(12), options);
  first.trainer->run();
  Loaded adapted = load_pretrained(options.output);
  DatasetSplits splits{parse_dataset(plain_rows(12), "jsonl", "rows.jsonl"), {}, {}};
  options.output = scratch.path() / "second";
  options.method = TrainMethod::kFull;
  prepare(adapted.model->config(), splits, options);
  DatasetSplits same = splits;
  EXPECT_THROW(Trainer(adapted, std::move(same), options), Error);
  adapted = load_pretrained(scratch.path() / "first");
  options.method = TrainMethod::kAuto;
  Trainer second(adapted, std::move(splits), options);
  EXPECT_EQ(second.plan().method, TrainMethod::kLora);
  double loss = 0;
  second.run({.on_step = [&](const StepRecord& r) {
    if (r.step == 1) loss = r.loss;
  }});
  EXPECT_GT(loss, 0);
}

TEST(Learner, HeadOnQuantisedWeightsIsSavedExactly) {
  const Scratch scratch;
  DatasetSplits splits{parse_dataset(labelled_rows(12), "jsonl", "rows.jsonl"), {}, {}};
  TrainOptions options = tiny_options(scratch.path() / "out");
  options.method = TrainMethod::kHead;
  options.compute = Compute::kAuto;
  const fs::path folder = fixtures() / "llama/wide-heads";
  models::LoadOptions load = prepare(models::ModelFiles(folder).config(), splits, options);
  load.dtype = models::WeightType::kQ8;
  Loaded loaded = load_pretrained(folder, load);
  Trainer trainer(loaded, std::move(splits), options);
  trainer.run();
  Loaded again = load_pretrained(options.output);
  nn::Packed batch;
  batch.add(again.tokenizer().encode_ids("w12 w30 w44"));
  const auto scores = [&](const models::Model& m) { return m.classify(m.pooled(m.forward(batch), batch)); };
  loaded.model->pass().precision = Precision::kF32;
  loaded.model->pass().training = false;
  expect_close(scores(*again.model).data<float>(), scores(*loaded.model).data<float>(), 1e-5, "scores");
}

}  // namespace
}  // namespace linnet
