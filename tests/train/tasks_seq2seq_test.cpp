// The tasks of encoder-decoders on a tiny one of the library's own blocks.
#include <gtest/gtest.h>

#include <cmath>

#include "linnet/adapt/loaded.h"
#include "linnet/ops/autograd.h"
#include "linnet/train/loop/learner.h"
#include "linnet/train/optimizer/optimizer.h"
#include "tests/train/encoded.h"
#include "tests/train/tiny_seq2seq.h"

namespace linnet {
namespace {

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

TEST(Seq2Seq, TheDecoderReadsTheTargetShiftedRight) {
  const auto model = models::Model::from_config(kTiny, tiny_config(), 1);
  const auto objective = task_named("seq2seq")->objective(reversed_words(4), *model, tokenizer(), {});
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
  const auto objective = task_named("seq2seq")->objective(reversed_words(24), *model, tokenizer(), {});
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
    const auto objective = task_named("seq2seq")->objective(reversed_words(24), *model, tokenizer(), {});
    TrainOptions options{.task = task_named("seq2seq"), .method = TrainMethod::kPrefix, .prefix_reach = reach};
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

TEST(Seq2Seq, SourcesAndTargetsEndWithTheEndToken) {
  const EncodedSet set = encode(fixtures() / "llama/causal", rows_of(R"({"source":"w5 w6","target":"w7"})"), "seq2seq");
  EXPECT_EQ(set.examples[0].ids.back(), 2);
  EXPECT_EQ(set.examples[0].output.back(), 2);
}

}  // namespace
}  // namespace linnet
