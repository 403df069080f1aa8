#include "linnet/train/prepare.h"

#include <gtest/gtest.h>

#include <cmath>

#include "linnet/base/error.h"
#include "linnet/models/model_files.h"
#include "linnet/train/tasks/task.h"
#include "tests/models/fixture.h"

namespace linnet {
namespace {

DatasetSplits splits_of(const std::string& rows) { return {parse_dataset(rows, "jsonl", "rows.jsonl"), {}, {}}; }
nn::TransformerConfig config_of(const char* fixture) { return models::ModelFiles(fixtures() / fixture).config(); }

TEST(Prepare, TheHeadsOwnLabelsKeepTheirIds) {
  DatasetSplits splits = splits_of("{\"text\":\"w5\",\"label\":\"blue\"}\n{\"text\":\"w6\",\"label\":\"red\"}\n");
  EXPECT_EQ(splits.train.examples[0].label, 0);
  TrainOptions options;
  const models::LoadOptions load = prepare(config_of("bert/classifier"), splits, options);
  EXPECT_EQ(options.task, task_named("classify"));
  EXPECT_EQ(options.problem, nn::ProblemType::kSingleLabel);
  EXPECT_EQ(load.labels, (std::vector<std::string>{"red", "green", "blue"}));
  EXPECT_EQ(splits.train.examples[0].label, 2);
  EXPECT_EQ(splits.train.examples[1].label, 0);
}

TEST(Prepare, NumbersAreTheHeadsIds) {
  DatasetSplits splits = splits_of("{\"text\":\"w5\",\"label\":2}\n{\"text\":\"w6\",\"label\":0}\n");
  TrainOptions options;
  prepare(config_of("bert/classifier"), splits, options);
  EXPECT_EQ(splits.train.examples[0].label, 2);
  EXPECT_EQ(splits.train.examples[1].label, 0);
}

TEST(Prepare, OtherLabelsNeedANewHead) {
  const std::string rows = "{\"text\":\"w5\",\"label\":\"good\"}\n{\"text\":\"w6\",\"label\":\"bad\"}\n";
  DatasetSplits splits = splits_of(rows);
  TrainOptions options;
  try {
    prepare(config_of("bert/classifier"), splits, options);
    FAIL() << "was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    EXPECT_NE(std::string(error.what()).find("head_rule"), std::string::npos);
  }
  splits = splits_of(rows);
  options = {.head_rule = HeadRule::kReplace, .head_kind = nn::ClassifierKind::kMlp};
  const models::LoadOptions load = prepare(config_of("bert/classifier"), splits, options);
  EXPECT_EQ(load.labels, (std::vector<std::string>{"bad", "good"}));
  EXPECT_TRUE(load.new_head);
  EXPECT_EQ(load.classifier, nn::ClassifierKind::kMlp);
}

std::string prepare_refusal(const std::string& rows, const char* fixture, TrainOptions options = {},
                            const ReadOptions& read = {}) {
  DatasetSplits splits{parse_dataset(rows, "csv", "rows.csv", read), {}, {}};
  try {
    prepare(config_of(fixture), splits, options);
    return "taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    return error.what();
  }
}

// Labels with an unusual name are not ignored; columns that cannot be labels are named in the plan.
TEST(Prepare, ALabelledLookingFileIsNotTrainedAsText) {
  const std::string rows = "review,sentiment\nw5,good\nw6,bad\nw7,good\nw8,bad\n";
  EXPECT_NE(
      prepare_refusal(rows, "bert/masked").find("rows.csv: the column 'sentiment' looks like labels and is not used"),
      std::string::npos);
  EXPECT_EQ(prepare_refusal(rows, "bert/masked", {.task = task_named("masked-lm")}), "taken");
  EXPECT_EQ(prepare_refusal(rows, "bert/masked", {}, {.label_column = "sentiment"}), "taken");
  // Numbers with another name, and a column that only looks like an id.
  EXPECT_NE(prepare_refusal("id,text,stars\n1,w5,1\n2,w6,2\n3,w7,1\n4,w8,2\n", "bert/masked").find("'stars'"),
            std::string::npos);
  EXPECT_EQ(prepare_refusal("id,text\n1,w5\n2,w6\n3,w7\n4,w8\n", "bert/masked"), "taken");
  EXPECT_EQ(parse_dataset("id,text\n1,w5\n", "csv", "f").unused_columns, std::vector<std::string>{"id"});
}

// The label is used even if the first row has none; that row is rejected with its place in training.
TEST(Prepare, ALabelThatTheFirstRowLacksIsUsed) {
  DatasetSplits splits =
      splits_of("{\"text\":\"w5\"}\n{\"text\":\"w6\",\"label\":\"good\"}\n{\"text\":\"w7\",\"label\":\"bad\"}\n");
  TrainOptions options;
  EXPECT_EQ(prepare(config_of("llama/causal"), splits, options).labels, (std::vector<std::string>{"bad", "good"}));
  EXPECT_EQ(options.task, task_named("classify"));
}

// Flags are one label per position, with the head's names if the number matches.
TEST(Prepare, FlagsAreTheHeadsLabelsByPosition) {
  DatasetSplits splits = splits_of("{\"text\":\"w5\",\"labels\":[1,0,1]}\n{\"text\":\"w6\",\"labels\":[0,1,1]}\n");
  TrainOptions options;
  EXPECT_EQ(prepare(config_of("bert/classifier"), splits, options).labels,
            (std::vector<std::string>{"red", "green", "blue"}));
  EXPECT_EQ(options.problem, nn::ProblemType::kMultiLabel);
  EXPECT_EQ(splits.train.examples[0].labels, (std::vector<std::int32_t>{0, 2}));
}

TEST(Prepare, ATrunkGetsTheHeadOfTheTask) {
  DatasetSplits splits = splits_of("{\"text\":\"w5\",\"label\":\"good\"}\n{\"text\":\"w6\",\"label\":\"bad\"}\n");
  TrainOptions options;
  const models::LoadOptions load = prepare(config_of("llama/causal"), splits, options);
  EXPECT_EQ(load.head, nn::HeadKind::kSequenceClass);
  EXPECT_EQ(load.problem, nn::ProblemType::kSingleLabel);
  DatasetSplits texts = splits_of("{\"text\":\"w5\"}");
  TrainOptions masked;
  EXPECT_EQ(prepare(config_of("bert/pretraining"), texts, masked).head, nn::HeadKind::kPretraining);
  EXPECT_EQ(masked.task, task_named("masked-lm"));
}

TEST(Prepare, OneStackCannotReadAndWriteApart) {
  for (const TrainTask* task : {task_named("denoise-t5"), task_named("token-delete")}) {
    DatasetSplits splits = splits_of("{\"text\":\"w5\"}");
    TrainOptions options{.task = task};
    try {
      prepare(config_of("bert/masked"), splits, options);
      FAIL() << "was taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInvalidArgument);
      EXPECT_NE(std::string(error.what()).find(std::string(task_name(task)) + " needs"), std::string::npos);
    }
  }
}

TEST(Prepare, NumbersToRegressMakeOneLabel) {
  DatasetSplits splits = splits_of("{\"text\":\"w5\",\"label\":0.5}");
  TrainOptions options;
  EXPECT_EQ(prepare(config_of("llama/causal"), splits, options).labels.size(), 1u);
  EXPECT_EQ(options.problem, nn::ProblemType::kRegression);
}

TEST(Prepare, OptionsThatMakeNoSenseAreNamed) {
  const auto message = [](const TrainOptions& options) {
    try {
      check_options(options);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInvalidArgument);
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(message({}), "");
  EXPECT_NE(message({.batch_size = 0}).find("batch_size: "), std::string::npos);
  EXPECT_NE(message({.epochs = -1}).find("epochs: "), std::string::npos);
  EXPECT_NE(message({.learning_rate = -1}).find("learning_rate: "), std::string::npos);
  EXPECT_NE(message({.learning_rate = std::nan("")}).find("learning_rate: "), std::string::npos);
  EXPECT_NE(message({.warmup_ratio = 1}).find("warmup_ratio: "), std::string::npos);
  EXPECT_NE(message({.valid_fraction = 1}).find("valid_fraction: "), std::string::npos);
}

}  // namespace
}  // namespace linnet
