#include "linnet/train/history.h"

#include <gtest/gtest.h>

#include "linnet/base/file.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

History sample() {
  History history;
  history.steps = {{1, 0.5, 0.7, 2.0, 1e-5, 100}, {2, 1.0, 0.6, 1.0, 2e-5, 90}, {3, 1.5, 0.5, 1.0, 1e-5, 90}};
  history.evals = {{2, 1.0, {{"eval_accuracy", 0.5}, {"eval_loss", 0.65}}}};
  return history;
}

TEST(History, TrainerStateHasTransformersNamesInOrder) {
  const Json state = sample().trainer_state({.global_step = 3, .max_steps = 4, .num_train_epochs = 2});
  EXPECT_EQ(state["global_step"], 3);
  EXPECT_TRUE(state["best_metric"].is_null());
  ASSERT_EQ(state["log_history"].size(), 4u);
  EXPECT_EQ(state["log_history"][2]["eval_accuracy"], 0.5);  // after step 2, before step 3
  EXPECT_EQ(state["log_history"][3]["step"], 3);
}

TEST(History, ReadsItsOwnState) {
  const History again = History::from_trainer_state(sample().trainer_state({}), "test");
  ASSERT_EQ(again.steps.size(), 3u);
  EXPECT_EQ(again.steps[1].loss, 0.6);
  ASSERT_EQ(again.evals.size(), 1u);
  EXPECT_EQ(again.evals[0].metrics.at("eval_loss"), 0.65);
}

TEST(TrainLog, ResumingDropsLaterAndBrokenLines) {
  const Scratch folder;
  const auto file = folder.path() / "train_log.jsonl";
  write_file(file,
             "{\"step\":1,\"loss\":3}\n{\"step\":1,\"eval_loss\":2}\n{\"step\":2,\"loss\":2}\n"
             "{\"step\":2,\"eval_loss\":1}\n{\"step\":1,\"test_loss\":1}\n{\"step\":3,\"loss\":1}\n{\"step\":4,\"lo");
  {
    TrainLog log(file, 2, 1);
    log.write({{"step", 3}, {"loss", 1}});
  }
  EXPECT_EQ(read_file(file),
            "{\"step\":1,\"loss\":3}\n{\"step\":1,\"eval_loss\":2}\n{\"step\":2,\"loss\":2}\n"
            "{\"step\":3,\"loss\":1}\n");
  { const TrainLog fresh(file, 0, 0); }
  EXPECT_EQ(read_file(file), "");
}

}  // namespace
}  // namespace linnet
