#include <gtest/gtest.h>

#include <algorithm>

#include "linnet/adapt/loaded.h"
#include "tests/train/encoded.h"

namespace linnet {
namespace {

TEST(EncodeTags, TheFirstTokenOfAWordCarriesItsTag) {
  const EncodedExample e =
      encode(fixtures() / "bert/tokens", R"({"tokens":["w5","w6","w7"],"tags":["B","O","B"]})", "tokens").examples[0];
  EXPECT_EQ(e.ids, (std::vector<std::int32_t>{1, 5, 6, 7, 2}));
  EXPECT_EQ(e.targets, (std::vector<std::int32_t>{-1, 0, 1, 0, -1}));  // B and O sorted
}

TEST(TokenObjective, OnlyTaggedTokensCount) {
  const auto folder = fixtures() / "bert/tokens";
  const Loaded loaded = load_pretrained(folder);
  const Dataset rows = parse_dataset(R"({"tokens":["w5","w6"],"tags":["red","blue"]})", "jsonl", "rows.jsonl",
                                     {.label_names = {"red", "green", "blue"}});
  const auto objective =
      task_named("tokens")->objective(encode(folder, rows, "tokens"), *loaded.model, loaded.tokenizer(), {});
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
  const Loaded loaded = load_pretrained(folder);
  const Dataset rows = parse_dataset(
      "{\"tokens\":[\"w5\",\"w6\"],\"tags\":[\"red\",\"blue\"]}\n{\"tokens\":[\"w7\"],\"tags\":[\"green\"]}\n", "jsonl",
      "rows.jsonl", {.label_names = {"red", "green", "blue"}});
  const auto objective =
      task_named("tokens")->objective(encode(folder, rows, "tokens"), *loaded.model, loaded.tokenizer(), {});
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

}  // namespace
}  // namespace linnet
