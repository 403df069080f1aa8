#include <gtest/gtest.h>

#include <cmath>

#include "tests/train/encoded.h"
#include "tests/train/tiny_seq2seq.h"

namespace linnet {
namespace {

TEST(Denoising, BartGetsTheWholeTextBack) {
  const auto model = models::Model::from_config(kTiny, tiny_config(), 1);
  EncodedSet set;
  EncodedExample e;
  for (std::int32_t i = 0; i < 30; ++i) e.ids.push_back(10 + i);
  e.ids.push_back(2);
  set.examples = {e};
  set.rows = {0};
  const std::int64_t row[] = {0};
  for (const TrainTask* task : {task_named("denoise-bart"), task_named("token-delete"), task_named("token-replace")}) {
    const auto objective = task->objective(set, *model, tokenizer(), {});
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
  EXPECT_ANY_THROW(task_named("denoise-t5")->objective({}, *model, tokenizer(), {}));
}

}  // namespace
}  // namespace linnet
