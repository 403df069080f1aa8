#include <gtest/gtest.h>

#include "linnet/base/error.h"
#include "tests/train/tiny_run.h"

namespace linnet {
namespace {

EncodedSet texts(const std::filesystem::path& folder, TrainTask task, int count = 6) {
  return encode_examples(parse_dataset(plain_rows(count), "jsonl", "rows.jsonl"), models::load_tokenizer(folder),
                         models::Model::read_config(folder), task, {});
}

TEST(MaskedObjective, MasksAreNewEveryStepAndTheSameForTheSameStep) {
  const auto folder = fixtures() / "bert/masked";
  const models::Pretrained loaded = models::load_pretrained(folder);
  const auto objective = masked_objective(texts(folder, TrainTask::kMaskedLm), *loaded.model, loaded.tokenizer,
                                          {.mask_probability = 0.5}, TrainTask::kMaskedLm);
  const std::int64_t rows[] = {0, 1, 2};
  EXPECT_EQ(objective->batch(rows, {1, 5}).packed.ids, objective->batch(rows, {1, 5}).packed.ids);
  EXPECT_NE(objective->batch(rows, {1, 5}).packed.ids, objective->batch(rows, {1, 6}).packed.ids);
}

// The mask of a text does not depend on the other rows: so accumulation gives the same as one batch.
TEST(MaskedObjective, MasksDoNotDependOnTheBatch) {
  const auto folder = fixtures() / "bert/masked";
  const models::Pretrained loaded = models::load_pretrained(folder);
  const auto objective = masked_objective(texts(folder, TrainTask::kMaskedLm), *loaded.model, loaded.tokenizer,
                                          {.mask_probability = 0.5}, TrainTask::kMaskedLm);
  const std::int64_t together[] = {4, 1}, alone[] = {1};
  const TrainBatch both = objective->batch(together, {1, 5}), one = objective->batch(alone, {1, 5});
  EXPECT_EQ(std::vector<std::int32_t>(both.targets.begin() + both.packed.starts[1], both.targets.end()), one.targets);
}

TEST(MaskedObjective, HeadsThatDoNotSpeakAreRefused) {
  const models::Pretrained loaded = models::load_pretrained(fixtures() / "bert/next-sentence");
  EXPECT_THROW(masked_objective({}, *loaded.model, loaded.tokenizer, {}, TrainTask::kMaskedLm), Error);
}

TEST(CausalObjective, PerplexityIsTheExponentialOfTheLoss) {
  const auto folder = fixtures() / "llama/causal";
  const models::Pretrained loaded = models::load_pretrained(folder);
  const auto objective = causal_objective(texts(folder, TrainTask::kCausalLm));
  const std::int64_t rows[] = {0, 1, 2, 3};
  const TrainBatch batch = objective->batch(rows, {});
  Judged sums;
  objective->judge(*loaded.model, loaded.model->forward(batch.packed), batch, sums);
  const auto metrics = objective->metrics(sums);
  EXPECT_NEAR(metrics.at("eval_perplexity"), std::exp(metrics.at("eval_loss")), 1e-9);
  EXPECT_EQ(batch.counts[0], static_cast<double>(batch.packed.rows() - 4));
}

}  // namespace
}  // namespace linnet
