#include <gtest/gtest.h>

#include <cmath>

#include "linnet/adapt/loaded.h"
#include "linnet/base/error.h"
#include "tests/train/encoded.h"
#include "tests/train/tiny_run.h"

namespace linnet {
namespace {

struct Made {
  Loaded loaded;
  std::unique_ptr<Objective> objective;
};
Made make(const std::string& rows, TrainOptions options) {
  DatasetSplits splits{parse_dataset(rows, "jsonl", "rows.jsonl"), {}, {}};
  const auto folder = fixtures() / "bert/classifier";
  Made made{load_pretrained(folder, prepare(models::ModelFiles(folder).config(), splits, options)), nullptr};
  EncodedSet set =
      encode_examples(splits.train, made.loaded.tokenizer(), made.loaded.model->config(), *options.task, options);
  made.objective = options.task->objective(std::move(set), *made.loaded.model, made.loaded.tokenizer(), options);
  return made;
}

// torch.nn.CrossEntropyLoss(weight): the sum of w[y] * -log p[y] over the sum of w[y].
TEST(ClassifyObjective, ClassWeightsWeighRowsAndTheirSum) {
  TrainOptions options;
  options.class_weights = {1, 2, 5};
  const Made made = make(labelled_rows(6), options);
  const std::int64_t rows[] = {0, 1, 2};
  const TrainBatch batch = made.objective->batch(rows, {});
  EXPECT_DOUBLE_EQ(batch.counts[0], 8);
  const models::Model& model = *made.loaded.model;
  const Tensor hidden = model.forward(batch.packed);
  const Tensor scores = model.classify(model.pooled(hidden, batch.packed));
  double expected = 0;
  for (std::size_t r = 0; r < 3; ++r) {
    const auto row = scores.data<float>().subspan(3 * r, 3);
    double sum = 0;
    for (const float s : row) sum += std::exp(static_cast<double>(s));
    const auto y = static_cast<std::size_t>(batch.targets[r]);
    expected += static_cast<double>(options.class_weights[y]) * (std::log(sum) - static_cast<double>(row[y])) / 8;
  }
  EXPECT_NEAR(made.objective->loss(model, hidden, batch, batch.counts).data<float>()[0], expected, 1e-5);
}

TEST(ClassifyObjective, BalancedWeightsMakeClassesCountAlike) {
  std::string rows;
  for (int i = 0; i < 9; ++i)
    rows += dump_json({{"text", "w10"}, {"label", i < 6 ? "red" : i < 8 ? "green" : "blue"}}) + "\n";
  TrainOptions options;
  options.balanced_class_weights = true;
  const Made made = make(rows, options);
  std::vector<std::int64_t> red{0, 1, 2, 3, 4, 5}, blue{8};
  EXPECT_NEAR(made.objective->batch(red, {}).counts[0], made.objective->batch(blue, {}).counts[0], 1e-6);
}

TEST(ClassifyObjective, WeightsMustBeOneALabel) {
  TrainOptions options;
  options.class_weights = {1, 2};
  EXPECT_THROW(make(labelled_rows(6), options), Error);
}

TEST(ClassifyObjective, GuessingCostsTheLogarithmOfTheLabels) {
  EXPECT_NEAR(make(labelled_rows(6), {}).objective->guessing_loss(), std::log(3.0), 1e-12);
}

constexpr const char* kLabelled = R"({"text":"w5 w6","label":"a"}
{"text":"w7","label":"b"}
)";

TEST(ClassifyTask, TheProblemFollowsTheLabels) {
  EXPECT_EQ(problem_of(rows_of(kLabelled), nn::ProblemType::kInferred), nn::ProblemType::kSingleLabel);
  EXPECT_EQ(problem_of(rows_of(R"({"text":"w5","label":0.5})"), nn::ProblemType::kInferred),
            nn::ProblemType::kRegression);
  EXPECT_EQ(problem_of(rows_of(R"({"text":"w5","label":["a","b"]})"), nn::ProblemType::kInferred),
            nn::ProblemType::kMultiLabel);
  EXPECT_EQ(problem_of(rows_of(kLabelled), nn::ProblemType::kMultiLabel), nn::ProblemType::kMultiLabel);
}

TEST(ClassifyTask, ClassesHaveTheTokenizersSpecialTokens) {
  const EncodedSet set = encode(fixtures() / "bert/classifier", rows_of(kLabelled), "classify");
  ASSERT_EQ(set.examples.size(), 2u);
  EXPECT_EQ(set.examples[0].ids, (std::vector<std::int32_t>{1, 5, 6, 2}));
  EXPECT_EQ(set.examples[0].label, 0);
  EXPECT_EQ(set.examples[1].label, 1);
}

TEST(ClassifyTask, PairsHaveTypes) {
  const EncodedSet set =
      encode(fixtures() / "bert/classifier", rows_of(R"({"text":"w5","text_pair":"w6 w7","label":"a"})"), "classify");
  EXPECT_EQ(set.examples[0].ids, (std::vector<std::int32_t>{1, 5, 2, 6, 7, 2}));
  EXPECT_EQ(set.examples[0].type_ids, (std::vector<std::int32_t>{0, 0, 0, 1, 1, 1}));
}

TEST(ClassifyTask, SeveralLabelsAreOnesAmongZeros) {
  const EncodedSet set = encode(fixtures() / "bert/classifier", rows_of(R"({"text":"w5","label":["b","c"]}
{"text":"w6","label":["a"]}
{"text":"w6","label":[]})"),
                                "classify");
  EXPECT_EQ(set.examples[0].values, (std::vector<float>{0, 1, 1}));
  EXPECT_EQ(set.examples[1].values, (std::vector<float>{1, 0, 0}));
  EXPECT_EQ(set.examples[2].values, (std::vector<float>{0, 0, 0}));
}

TEST(ClassifyTask, NumbersAreValues) {
  const EncodedSet set = encode(fixtures() / "bert/regression", rows_of(R"({"text":"w5","label":0.5}
{"text":"w6","label":-2.25})"),
                                "classify");
  EXPECT_EQ(set.examples[0].values, (std::vector<float>{0.5f}));
  EXPECT_EQ(set.examples[1].values, (std::vector<float>{-2.25f}));
}

TEST(ClassifyTask, ARowWithoutALabelIsNamed) {
  try {
    encode(fixtures() / "bert/classifier", rows_of("{\"text\":\"w5\",\"label\":\"a\"}\n{\"text\":\"w6\"}"), "classify");
    FAIL() << "was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    EXPECT_NE(std::string(error.what()).find("rows.jsonl:2"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace linnet
