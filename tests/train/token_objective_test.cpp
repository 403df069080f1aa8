#include <gtest/gtest.h>

#include <algorithm>

#include "tests/train/tiny_run.h"

namespace linnet {
namespace {

TEST(TokenObjective, OnlyTaggedTokensCount) {
  const auto folder = fixtures() / "bert/tokens";
  const models::Pretrained loaded = models::load_pretrained(folder);
  const Dataset rows = parse_dataset(R"({"tokens":["w5","w6"],"tags":["red","blue"]})", "jsonl", "rows.jsonl",
                                     {.label_names = {"red", "green", "blue"}});
  const auto objective = token_class_objective(
      encode_examples(rows, loaded.tokenizer, loaded.model->config(), TrainTask::kTokens, {}), *loaded.model);
  const std::int64_t row[] = {0};
  const TrainBatch batch = objective->batch(row, {});
  EXPECT_EQ(batch.counts[0], 2);
  EXPECT_EQ(batch.targets, (std::vector<std::int32_t>{-1, 0, 2, -1}));
  Judged sums;
  objective->judge(*loaded.model, loaded.model->forward(batch.packed), batch, sums);
  EXPECT_EQ(sums.total, 2);
}

TEST(TokenObjective, EveryTagIsAPrediction) {
  const auto folder = fixtures() / "bert/tokens";
  const models::Pretrained loaded = models::load_pretrained(folder);
  const Dataset rows = parse_dataset(
      "{\"tokens\":[\"w5\",\"w6\"],\"tags\":[\"red\",\"blue\"]}\n{\"tokens\":[\"w7\"],\"tags\":[\"green\"]}\n", "jsonl",
      "rows.jsonl", {.label_names = {"red", "green", "blue"}});
  const auto objective = token_class_objective(
      encode_examples(rows, loaded.tokenizer, loaded.model->config(), TrainTask::kTokens, {}), *loaded.model);
  const std::int64_t both[] = {1, 0};
  const TrainBatch batch = objective->batch(both, {});
  Judged sums;
  const Tensor hidden = loaded.model->forward(batch.packed);
  objective->judge(*loaded.model, hidden, batch, sums);
  ASSERT_EQ(sums.predictions.size(), 3u);
  const std::vector<std::int64_t> examples{1, 0, 0};
  const std::vector<std::int32_t> tokens{1, 1, 2}, expected{1, 0, 2};
  const Tensor scores = loaded.model->classify(hidden);
  const std::size_t at[] = {1, 4, 5};
  for (std::size_t i = 0; i < 3; ++i) {
    const Prediction& p = sums.predictions[i];
    EXPECT_EQ(p.example, examples[i]);
    EXPECT_EQ(p.token, tokens[i]);
    EXPECT_EQ(p.expected, expected[i]);
    const auto row = scores.data<float>().subspan(3 * at[i], 3);
    EXPECT_EQ(p.predicted, std::max_element(row.begin(), row.end()) - row.begin());
  }
}

TEST(QuestionObjective, RightMeansBothEnds) {
  const auto folder = fixtures() / "bert/questions";
  const models::Pretrained loaded = models::load_pretrained(folder);
  EncodedExample e;
  e.ids = {1, 5, 2, 7, 8, 9, 2};
  nn::Packed packed;
  packed.add(e.ids);
  const Tensor scores = loaded.model->classify(loaded.model->forward(packed));
  const auto best = [&](std::size_t column) {
    std::int32_t at = 0;
    for (std::int32_t i = 1; i < 7; ++i)
      if (scores.data<float>()[2 * static_cast<std::size_t>(i) + column] >
          scores.data<float>()[2 * static_cast<std::size_t>(at) + column])
        at = i;
    return at;
  };
  for (const bool right : {true, false}) {
    e.start = best(0);
    e.end = right ? best(1) : (best(1) + 1) % 7;
    EncodedSet set;
    set.examples = {e};
    set.rows = {0};
    const auto objective = question_objective(set);
    const std::int64_t row[] = {0};
    const TrainBatch batch = objective->batch(row, {});
    Judged sums;
    objective->judge(*loaded.model, loaded.model->forward(batch.packed), batch, sums);
    EXPECT_EQ(sums.correct, right);
  }
}

}  // namespace
}  // namespace linnet
