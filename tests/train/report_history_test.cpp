#include <gtest/gtest.h>

#include "linnet/base/file.h"
#include "linnet/train/report/history.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

const BestRule kRule{"eval_accuracy", true};

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
  const History again = History::from_trainer_state(sample().trainer_state({}), 3, kRule, "test");
  ASSERT_EQ(again.steps.size(), 3u);
  EXPECT_EQ(again.steps[1].loss, 0.6);
  ASSERT_EQ(again.evals.size(), 1u);
  EXPECT_EQ(again.evals[0].metrics.at("eval_loss"), 0.65);
}

TEST(History, TheBestIsTheFirstOfEquals) {
  History history;
  const auto eval = [](std::int64_t step, double accuracy) {
    return EvalRecord{step, 1.0, {{"eval_accuracy", accuracy}, {"eval_loss", 1 - accuracy}}};
  };
  history.evals = {eval(1, 0.5), eval(2, 0.7), eval(3, 0.7), eval(4, 0.6)};
  EXPECT_EQ(history.best(kRule).step, 2);
  EXPECT_EQ(history.best(kRule).evaluations_since, 2);
  EXPECT_EQ(history.best(kRule, 1).step, 1);
  EXPECT_EQ(history.best({"eval_loss", false}).step, 2);
  // Without a metric there is no best.
  EXPECT_EQ(history.best({"eval_f1", true}).step, 0);
}

// A history that this run cannot have written.
TEST(History, AForeignHistoryIsRefused) {
  const Json good = sample().trainer_state({});
  const auto read = [](const Json& state, const BestRule& rule = kRule) {
    return refusal([&] { History::from_trainer_state(state, 3, rule, "test"); });
  };
  EXPECT_NE(read(good, {}).find("no validation rows"), std::string::npos);
  EXPECT_NE(read(good, {"eval_f1", true}).find("'eval_f1' is missing"), std::string::npos);
  for (const char* key : {"step", "epoch", "loss", "grad_norm", "learning_rate"})
    for (const Json& value : {Json(nullptr), Json(-1), Json(1e300), Json("x"), Json(Json::array())}) {
      if (value == 1e300 && std::string(key) == "grad_norm") continue;  // large, but a norm
      Json state = good;
      state["log_history"][0][key] = value;
      EXPECT_NE(read(state), "") << key << value;
    }
  for (const Json& value : {Json(nullptr), Json(-1), Json(1.5), Json("x")}) {
    Json state = good;
    state["log_history"][2]["eval_accuracy"] = value;
    EXPECT_NE(read(state).find("log_history[2]"), std::string::npos) << value;
  }
  for (std::size_t i = 0; i < 4; ++i) {  // one too few, one out of place, one twice
    Json state = good;
    state["log_history"].erase(i);
    if (i != 2) {
      EXPECT_NE(read(state), "") << i;
    }
    state = good;
    state["log_history"].push_back(state["log_history"][i]);
    EXPECT_NE(read(state), "") << i;
  }
  for (const Json& log : {Json(3), Json::object(), Json(nullptr), Json::array({1})}) {
    Json state = good;
    state["log_history"] = log;
    EXPECT_NE(read(state), "") << log;
  }
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
