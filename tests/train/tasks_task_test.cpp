#include "linnet/train/tasks/task.h"

#include <gtest/gtest.h>

#include <set>

#include "linnet/base/error.h"
#include "linnet/models/model_files.h"
#include "tests/train/encoded.h"

namespace linnet {
namespace {

constexpr const char* kTwoLabels = R"({"text":"w5 w6","label":"a"}
{"text":"w7","label":"b"}
)";

TEST(TrainTask, EachHasANameOfItsOwnByWhichItIsFound) {
  std::set<const TrainTask*> found;
  for (const std::string& name : task_names()) {
    EXPECT_EQ(task_name(task_named(name)), name);
    EXPECT_TRUE(found.insert(task_named(name)).second) << name;
  }
  EXPECT_EQ(found.size(), 14u);
  EXPECT_TRUE(found.contains(nullptr));  // "auto"
  EXPECT_EQ(task_names().front(), "auto");
}

TEST(TrainTask, AnUnknownNameIsRefusedWithWhatThereIs) {
  try {
    task_named("masked");
    FAIL() << "was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalidArgument);
    EXPECT_NE(std::string(error.what()).find("masked-lm"), std::string::npos) << error.what();
  }
}

TEST(TrainTask, APretrainingHeadDoesWhatItsPartsDo) {
  using nn::HeadKind;
  EXPECT_EQ(task_named("masked-lm")->head(HeadKind::kPretraining), HeadKind::kPretraining);
  EXPECT_EQ(task_named("next-sentence")->head(HeadKind::kPretraining), HeadKind::kPretraining);
  EXPECT_EQ(task_named("masked-lm")->head(HeadKind::kSequenceClass), HeadKind::kMaskedLm);
  EXPECT_EQ(task_named("masked-next-sentence")->head(HeadKind::kMaskedLm), HeadKind::kPretraining);
  EXPECT_EQ(task_named("classify")->head(HeadKind::kCausalLm), HeadKind::kSequenceClass);
}

// Heads that can be trained alone, and labels that are theirs.
TEST(TrainTask, HeadsOfTheirOwn) {
  std::set<std::string> own, labelled;
  for (const std::string& name : task_names()) {
    if (const TrainTask* task = task_named(name); task != nullptr) {
      if (!task->predicts_words()) own.insert(name);
      if (task->has_labels()) labelled.insert(name);
    }
  }
  EXPECT_EQ(own, (std::set<std::string>{"classify", "next-sentence", "qa", "tokens"}));
  EXPECT_EQ(labelled, (std::set<std::string>{"classify", "tokens"}));
}

TEST(TrainTask, TheTaskFollowsTheColumnsAndTheStack) {
  const auto bert = models::ModelFiles(fixtures() / "bert/masked").config(),
             llama = models::ModelFiles(fixtures() / "llama/causal").config();
  const Dataset texts = rows_of(R"({"text":"w5"})");
  EXPECT_EQ(task_of(texts, bert, nullptr).name(), "masked-lm");
  EXPECT_EQ(task_of(texts, llama, nullptr).name(), "causal-lm");
  EXPECT_EQ(task_of(rows_of(kTwoLabels), llama, nullptr).name(), "classify");
  EXPECT_EQ(task_of(rows_of(R"({"prompt":"w5","completion":"w6"})"), llama, nullptr).name(), "causal-lm");
  EXPECT_EQ(task_of(rows_of(R"({"tokens":["w5"],"tags":["X"]})"), bert, nullptr).name(), "tokens");
  EXPECT_EQ(task_of(rows_of(kTwoLabels), llama, task_named("causal-lm")).name(), "causal-lm");
}

TEST(TrainTask, RowsThatDoNotFitTheTaskAreRefused) {
  const auto llama = models::ModelFiles(fixtures() / "llama/causal").config();
  try {
    task_of(rows_of(R"({"text":"w5"})"), llama, task_named("classify"));
    FAIL() << "was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    EXPECT_NE(std::string(error.what()).find("rows.jsonl"), std::string::npos);
  }
}

}  // namespace
}  // namespace linnet
