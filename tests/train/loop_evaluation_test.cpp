#include <gtest/gtest.h>

#include "linnet/adapt/loaded.h"
#include "linnet/base/error.h"
#include "linnet/train/loop/evaluation.h"
#include "tests/train/tiny_run.h"

namespace linnet {
namespace {

TEST(Evaluation, SumsOverBatchesAndLeavesDropoutAsItWas) {
  TrainOptions options = tiny_options();
  options.valid_fraction = 0;
  options.epochs = 1;
  TinyRun run("bert/classifier", labelled_rows(150), options);  // more than one batch of 64
  const Learner& learner = run.trainer->learner();
  const Dataset rows =
      parse_dataset(labelled_rows(150), "jsonl", "rows.jsonl", {.label_names = {"red", "green", "blue"}});
  TrainOptions settled = run.trainer->options();
  const auto objective = settled.task->objective(
      encode_examples(rows, run.loaded.tokenizer(), run.loaded.model->config(), *settled.task, settled),
      *run.loaded.model, run.loaded.tokenizer(), settled);
  run.loaded.model->pass().training = true;
  const Evaluation found = evaluate(learner, *objective);
  EXPECT_TRUE(run.loaded.model->pass().training);
  ASSERT_EQ(found.predictions.size(), 150u);
  double loss = 0, right = 0;
  run.loaded.model->pass().training = false;
  for (std::int64_t i = 0; i < 150; ++i) {
    TrainBatch batch = objective->batch(std::span(&i, 1), {});
    const Tensor one = objective->loss(*run.loaded.model, learner.forward(batch), batch, batch.counts);
    loss += static_cast<double>(one.data<float>()[0]) / 150;
    const Prediction& p = found.predictions[static_cast<std::size_t>(i)];
    right += p.expected == p.predicted;
  }
  EXPECT_NEAR(found.metrics.at("eval_loss"), loss, 1e-5 * loss);
  EXPECT_DOUBLE_EQ(found.metrics.at("eval_accuracy"), right / 150);
}

TEST(Evaluation, CanBeEndedAndTellsABatchesLoss) {
  TrainOptions options = tiny_options();
  TinyRun run("bert/classifier", labelled_rows(12), options);
  const Learner& learner = run.trainer->learner();
  const Dataset rows =
      parse_dataset(labelled_rows(12), "jsonl", "rows.jsonl", {.label_names = {"red", "green", "blue"}});
  const TrainOptions& settled = run.trainer->options();
  const auto objective = settled.task->objective(
      encode_examples(rows, run.loaded.tokenizer(), run.loaded.model->config(), *settled.task, settled),
      *run.loaded.model, run.loaded.tokenizer(), settled);
  const std::vector<std::int64_t> all{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  const double loss = batch_loss(learner, *objective, objective->batch(all, {}));
  EXPECT_NEAR(evaluate(learner, *objective).metrics.at("eval_loss"), loss, 1e-6 * loss);
  EXPECT_EQ(batch_loss(learner, *objective, {}), 0);
  EXPECT_THROW(evaluate(learner, *objective, nullptr, [] { throw 1; }), int);
}

// A masked-lm validation set without a mask has no loss, and is never best.
TEST(Evaluation, WhatIsNotJudgedIsNoFigure) {
  TrainOptions options = tiny_options();
  options.mask_probability = 1e-9;
  options.epochs = 2;
  TinyRun run("bert/masked", plain_rows(12), options);
  std::string warnings;
  int evaluations = 0;
  const TrainSummary summary = run.trainer->run({.on_eval = [&](const EvalRecord&) { ++evaluations; },
                                                 .on_warning = [&](const std::string& text) { warnings += text; }});
  EXPECT_EQ(summary.best_step, 0);
  EXPECT_TRUE(summary.metrics.empty());
  EXPECT_EQ(evaluations, 0);
  EXPECT_NE(warnings.find("of these validation rows nothing is judged (no token of them is masked)"), std::string::npos)
      << warnings;
  options.early_stopping = 2;
  EXPECT_NE(refusal([&] { TinyRun("bert/masked", plain_rows(12), options); }).find("early_stopping needs a figure"),
            std::string::npos);
}

// The same for every objective: truncated answers, missing tags, no rows.
TEST(Evaluation, EveryObjectiveHasNoFigureOfNothing) {
  const auto question = [](const char* words) {
    return fmt::format(R"({{"question":"w5","context":"{} w9","answers":{{"text":["w9"],"answer_start":[{}]}}}})",
                       words, std::string_view(words).size() + 1) +
           "\n";
  };
  DatasetSplits splits{parse_dataset(question("w7") + question("w8"), "jsonl", "rows.jsonl"),
                       parse_dataset(question("w7 w7 w7 w7 w7 w7 w7 w7 w7 w7 w7 w7"), "jsonl", "valid.jsonl"),
                       {}};
  TrainOptions options = tiny_options();
  options.max_length = 8;
  TinyRun run(fixtures() / "bert/questions", std::move(splits), options);
  const TrainSummary summary = run.trainer->run();
  EXPECT_EQ(summary.best_step, 0);
  EXPECT_TRUE(summary.metrics.empty());
  for (const char* fixture : {"bert/classifier", "bert/regression", "bert/tokens", "bert/questions", "bert/masked",
                              "bert/pretraining", "llama/causal"}) {
    const Loaded loaded = load_pretrained(fixtures() / fixture);
    const nn::HeadKind head = loaded.model->config().head;
    const TrainTask* task = head == nn::HeadKind::kSequenceClass       ? task_named("classify")
                            : head == nn::HeadKind::kTokenClass        ? task_named("tokens")
                            : head == nn::HeadKind::kQuestionAnswering ? task_named("qa")
                            : head == nn::HeadKind::kPretraining       ? task_named("masked-next-sentence")
                            : head == nn::HeadKind::kMaskedLm          ? task_named("masked-lm")
                                                                       : task_named("causal-lm");
    const auto objective = task->objective({}, *loaded.model, loaded.tokenizer(), {});
    EXPECT_TRUE(objective->metrics({}).empty()) << fixture;
    EXPECT_FALSE(judges_anything(*objective, 42)) << fixture;
  }
}

}  // namespace
}  // namespace linnet
