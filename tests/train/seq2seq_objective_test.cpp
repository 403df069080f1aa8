// The encoder-decoder objectives on a tiny encoder-decoder of the library's modules.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "linnet/models/pretrained.h"
#include "linnet/ops/autograd.h"
#include "linnet/train/evaluation.h"
#include "linnet/train/learner.h"
#include "linnet/train/optimizer.h"
#include "tests/models/fixture.h"
#include "tests/models/tiny_encoder_decoder.h"

namespace linnet {
namespace {

Tokenizer tokenizer() { return models::load_tokenizer(fixtures() / "bert/masked"); }

EncodedSet reversed_words(int count) {
  Rng rng(4);
  EncodedSet set;
  for (int i = 0; i < count; ++i) {
    EncodedExample e;
    for (std::uint64_t k = 0, n = 2 + rng.below(3); k < n; ++k)
      e.ids.push_back(static_cast<std::int32_t>(10 + rng.below(8)));
    e.output.assign(e.ids.rbegin(), e.ids.rend());
    e.ids.push_back(2);
    e.output.push_back(2);
    set.examples.push_back(e);
    set.rows.push_back(i);
  }
  return set;
}

Tensor hidden_of(const models::Model& model, const TrainBatch& batch) {
  const nn::Encoded encoded = model.encode(batch.encoder);
  return model.forward(batch.packed, {.encoder = &encoded});
}

TEST(Seq2Seq, TheDecoderReadsTheTargetShiftedRight) {
  const auto model = models::Model::from_config(kTiny, tiny_config(), 1);
  const auto objective = seq2seq_objective(reversed_words(4), *model, tokenizer(), TrainTask::kSeq2Seq);
  const std::int64_t rows[] = {0, 1};
  const TrainBatch batch = objective->batch(rows, {});
  const auto& first = objective->set().examples[0];
  EXPECT_EQ(std::vector<std::int32_t>(batch.encoder.ids.begin(), batch.encoder.ids.begin() + batch.encoder.starts[1]),
            first.ids);
  EXPECT_EQ(std::vector<std::int32_t>(batch.targets.begin(), batch.targets.begin() + batch.packed.starts[1]),
            first.output);
  EXPECT_EQ(batch.packed.ids[0], 0);
  for (std::int32_t i = 1; i < batch.packed.starts[1]; ++i)
    EXPECT_EQ(batch.packed.ids[static_cast<std::size_t>(i)], first.output[static_cast<std::size_t>(i) - 1]);
}

TEST(Seq2Seq, LearnsToReverse) {
  const auto model = models::Model::from_config(kTiny, tiny_config(), 1);
  const auto objective = seq2seq_objective(reversed_words(24), *model, tokenizer(), TrainTask::kSeq2Seq);
  for (nn::Parameter& p : model->parameters()) p.tensor->set_requires_grad();
  const auto optimizer = make_optimizer(model->parameters());
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < 24; ++i) rows.push_back(i);
  double first = 0, last = 0;
  for (int step = 0; step < 60; ++step) {
    optimizer->zero_grad();
    const TrainBatch batch = objective->batch(rows, {1, static_cast<std::uint64_t>(step)});
    const GradGuard on(true);
    const Tensor loss = objective->loss(*model, hidden_of(*model, batch), batch, batch.counts);
    (step == 0 ? first : last) = static_cast<double>(loss.data<float>()[0]);
    backward(loss);
    optimizer->step(5e-3f);
  }
  EXPECT_NEAR(first, std::log(67.0), 1.0);
  EXPECT_LT(last, 0.5);
}

// Prefixes of the encoder, the decoder and cross attention; --peft-compat uses the decoder's only.
TEST(Seq2Seq, PrefixesAloneLearnToReverse) {
  for (const PrefixReach reach : {PrefixReach::kAllAttention, PrefixReach::kOneStack}) {
    const auto model = models::Model::from_config(kTiny, tiny_config(), 1);
    const auto objective = seq2seq_objective(reversed_words(24), *model, tokenizer(), TrainTask::kSeq2Seq);
    TrainOptions options{.task = TrainTask::kSeq2Seq, .method = TrainMethod::kPrefix, .prefix_reach = reach};
    const Learner learner(*model, tokenizer(), nullptr, options);
    EXPECT_EQ(learner.trained().size(), reach == PrefixReach::kAllAttention ? 3U : 1U);
    const auto optimizer = make_optimizer(learner.trained());
    std::vector<std::int64_t> rows;
    for (std::int64_t i = 0; i < 24; ++i) rows.push_back(i);
    double first = 0, last = 0;
    for (int step = 0; step < 40; ++step) {
      optimizer->zero_grad();
      const TrainBatch batch = objective->batch(rows, {1, static_cast<std::uint64_t>(step)});
      const GradGuard on(true);
      const Tensor loss = objective->loss(*model, learner.forward(batch), batch, batch.counts);
      (step == 0 ? first : last) = static_cast<double>(loss.data<float>()[0]);
      backward(loss);
      optimizer->step(5e-2f);
    }
    EXPECT_LT(last, first - 0.5);
  }
}

TEST(Denoising, BartGetsTheWholeTextBack) {
  const auto model = models::Model::from_config(kTiny, tiny_config(), 1);
  EncodedSet set;
  EncodedExample e;
  for (std::int32_t i = 0; i < 30; ++i) e.ids.push_back(10 + i);
  e.ids.push_back(2);
  set.examples = {e};
  set.rows = {0};
  const std::int64_t row[] = {0};
  for (const TrainTask task : {TrainTask::kDenoiseBart, TrainTask::kTokenDelete, TrainTask::kTokenReplace}) {
    const auto objective = seq2seq_objective(set, *model, tokenizer(), task);
    const TrainBatch batch = objective->batch(row, {1, 1}), again = objective->batch(row, {1, 1}),
                     other = objective->batch(row, {1, 2});
    EXPECT_EQ(batch.targets, e.ids) << task_name(task);
    EXPECT_NE(batch.encoder.ids, e.ids) << task_name(task);
    EXPECT_EQ(batch.encoder.ids, again.encoder.ids) << "the same step draws the same noise";
    EXPECT_NE(batch.encoder.ids, other.encoder.ids) << "another step draws other noise";
    EXPECT_EQ(batch.encoder.ids.back(), 2);
    EXPECT_TRUE(std::isfinite(objective->loss(*model, hidden_of(*model, batch), batch, batch.counts).data<float>()[0]));
  }
}

TEST(Denoising, T5NeedsSentinels) {
  const auto model = models::Model::from_config(kTiny, tiny_config(), 1);
  EXPECT_ANY_THROW(seq2seq_objective({}, *model, tokenizer(), TrainTask::kDenoiseT5));
}

}  // namespace
}  // namespace linnet
