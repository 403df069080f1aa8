#include <gtest/gtest.h>

#include "linnet/adapt/loaded.h"
#include "linnet/ops/autograd.h"
#include "linnet/train/loop/feature_cache.h"
#include "tests/train/tiny_run.h"

namespace linnet {
namespace {

struct Trunk {
  std::string folder;
  std::optional<nn::Pooling> pooling = {};
};

class Cached : public ::testing::TestWithParam<Trunk> {};

// A head trained on cached rows has the same loss and gradients as with the whole base model.
TEST_P(Cached, EqualsUncached) {
  TrainOptions options = tiny_options();
  options.method = TrainMethod::kHead;
  const auto folder = fixtures() / GetParam().folder;
  if (GetParam().pooling) options.head_rule = HeadRule::kReplace;
  options.pooling = GetParam().pooling;
  DatasetSplits splits{parse_dataset(labelled_rows(12), "jsonl", "rows.jsonl"), {}, {}};
  const models::LoadOptions load = prepare(models::ModelFiles(folder).config(), splits, options);
  Loaded loaded = load_pretrained(folder, load);
  Learner learner(*loaded.model, loaded.tokenizer(), nullptr, options);
  const auto objective = options.task->objective(
      encode_examples(splits.train, loaded.tokenizer(), loaded.model->config(), *options.task, options), *loaded.model,
      loaded.tokenizer(), options);
  ASSERT_TRUE(FeatureCache::fits(options, *objective));
  const FeatureCache cache(learner, *objective);
  const std::vector<std::int64_t> rows{7, 2, 11};
  std::vector<float> losses, gradients[2];
  for (int cached = 0; cached < 2; ++cached) {
    TrainBatch batch = objective->batch(rows, {});
    const GradGuard on(true);
    const Tensor hidden = cached ? cache.rows_of(batch) : learner.forward(batch);
    const Tensor loss = objective->loss(*loaded.model, hidden, batch, batch.counts);
    losses.push_back(loss.data<float>()[0]);
    backward(loss);
    for (const nn::Parameter& p : learner.trained()) {
      const Tensor gradient = p.tensor->grad();
      gradients[cached].insert(gradients[cached].end(), gradient.data<float>().begin(), gradient.data<float>().end());
      p.tensor->set_grad({});
    }
  }
  EXPECT_NEAR(losses[0], losses[1], 1e-5);
  expect_close(gradients[1], gradients[0], 1e-5, "gradients");
}

INSTANTIATE_TEST_SUITE_P(Families, Cached,
                         ::testing::Values(Trunk{"bert/classifier"}, Trunk{"llama/classifier"},
                                           Trunk{"gpt2/classifier"}, Trunk{"bloom/classifier"},
                                           Trunk{"llama/classifier", nn::Pooling::kMean},
                                           Trunk{"bert/classifier", nn::Pooling::kMax}),
                         [](const auto& test) {
                           return test.param.folder.substr(0, test.param.folder.find('/')) +
                                  (test.param.pooling ? "_all_rows" : "");
                         });

TEST(FeatureCache, OnlyAFrozenTrunkIsCached) {
  TrainOptions options = tiny_options();
  TinyRun run("bert/classifier", labelled_rows(12), options);
  const auto objective = task_named("classify")->objective({}, *run.loaded.model, run.loaded.tokenizer(), options);
  options.method = TrainMethod::kFull;
  EXPECT_FALSE(FeatureCache::fits(options, *objective));
  options.method = TrainMethod::kHead;
  EXPECT_TRUE(FeatureCache::fits(options, *objective));
  const auto questions = task_named("qa")->objective({}, *run.loaded.model, run.loaded.tokenizer(), options);
  EXPECT_FALSE(FeatureCache::fits(options, *questions));
}

}  // namespace
}  // namespace linnet
