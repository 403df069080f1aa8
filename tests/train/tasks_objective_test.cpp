// Losses, gradients and ten AdamW steps of every objective against PyTorch's (tests/fixtures/*/train.safetensors).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "linnet/adapt/loaded.h"
#include "linnet/ops/autograd.h"
#include "linnet/train/loop/learner.h"
#include "linnet/train/optimizer/optimizer.h"
#include "linnet/train/tasks/objective.h"
#include "linnet/train/tasks/task.h"
#include "tests/models/fixture.h"
#include "tests/quarantine.h"

namespace linnet {
namespace {

using nn::HeadKind;

const TrainTask* task_of_head(HeadKind head) {
  switch (head) {
    case HeadKind::kSequenceClass:
      return task_named("classify");
    case HeadKind::kTokenClass:
      return task_named("tokens");
    case HeadKind::kQuestionAnswering:
      return task_named("qa");
    case HeadKind::kMaskedLm:
      return task_named("masked-lm");
    case HeadKind::kNextSentence:
      return task_named("next-sentence");
    case HeadKind::kPretraining:
      return task_named("masked-next-sentence");
    case HeadKind::kSeq2SeqLm:
      return task_named("seq2seq");
    default:
      return task_named("causal-lm");
  }
}

// The fixture's padded targets in this library's format: one per packed row, -1 without a target.
std::vector<std::int32_t> row_targets(const Expected& e, const TrainTask* task) {
  std::vector<std::int32_t> targets;
  const auto labels = e.rows("labels"), mask = e.rows("attention_mask");
  for (std::size_t r = 0; r < labels.size(); ++r) {
    const auto length = static_cast<std::size_t>(std::count(mask[r].begin(), mask[r].end(), 1));
    for (std::size_t i = 0; i < length; ++i) {
      const std::size_t from = task == task_named("causal-lm") ? i + 1 : i;
      targets.push_back(from < length ? std::max(labels[r][from], -1) : -1);
    }
  }
  return targets;
}

double counted(const std::vector<std::int32_t>& targets) {
  return static_cast<double>(std::count_if(targets.begin(), targets.end(), [](auto t) { return t >= 0; }));
}

// The decoder reads its labels shifted right.
TrainBatch sequence_batch(const Expected& e, const models::Model& model) {
  TrainBatch b;
  b.encoder = nn::pack(e.batch());
  for (std::vector<std::int32_t>& labels : e.rows("labels")) {
    std::erase_if(labels, [](std::int32_t id) { return id < 0; });
    b.packed.add(model.decoder_input(labels));
    b.targets.insert(b.targets.end(), labels.begin(), labels.end());
    b.examples.push_back(std::ssize(b.examples));
  }
  b.counts[0] = static_cast<double>(b.targets.size());
  return b;
}

TrainBatch batch_of(const Expected& e, const TrainTask* task, const models::Model& model) {
  if (task == task_named("seq2seq")) return sequence_batch(e, model);
  const nn::TransformerConfig& config = model.config();
  TrainBatch b;
  b.packed = nn::pack(e.batch());
  const auto sequences = static_cast<std::size_t>(b.packed.sequences());
  for (std::size_t i = 0; i < sequences; ++i) b.examples.push_back(static_cast<std::int64_t>(i));
  if (task == task_named("qa")) {
    b.targets = e.ids("start_positions");
    b.second_targets = e.ids("end_positions");
    b.counts = {static_cast<double>(sequences), static_cast<double>(sequences)};
  } else if (task == task_named("classify") && config.problem != nn::ProblemType::kRegression &&
             config.problem != nn::ProblemType::kMultiLabel) {
    b.targets = e.ids("labels");
    b.counts[0] = static_cast<double>(sequences);
  } else if (task == task_named("classify")) {
    b.values = e.floats("labels").reshape({static_cast<std::int64_t>(sequences), -1});
    b.counts[0] = static_cast<double>(sequences);
  } else if (task == task_named("next-sentence")) {
    b.second_targets = e.ids("labels");
    b.counts[1] = static_cast<double>(sequences);
  } else {
    b.targets = row_targets(e, task);
    b.counts[0] = counted(b.targets);
    if (e.has("next_sentence_label")) b.second_targets = e.ids("next_sentence_label");
    b.counts[1] = static_cast<double>(b.second_targets.size());
  }
  return b;
}

// In f32; classes are single labels if the configuration does not specify it.
Loaded load_to_train(const std::filesystem::path& folder, Device device = kCpu) {
  models::LoadOptions load{.dtype = models::WeightType::kF32, .device = device};
  const nn::TransformerConfig config = models::ModelFiles(folder).config();
  if (config.head == HeadKind::kSequenceClass && config.problem == nn::ProblemType::kInferred)
    load.problem = nn::ProblemType::kSingleLabel;
  return load_pretrained(folder, load);
}

class BesidePyTorch : public ::testing::TestWithParam<std::string> {};

TEST_P(BesidePyTorch, LossesAndGradients) {
  const auto folder = fixtures() / GetParam();
  const Expected expected(folder / "train.safetensors");
  Loaded loaded = load_to_train(folder);
  models::Model& model = *loaded.model;
  TrainOptions options{
      .task = task_of_head(model.config().head), .method = TrainMethod::kFull, .compute = Compute::kF32};
  Learner learner(model, loaded.tokenizer(), nullptr, options);
  const auto objective = options.task->objective({}, model, loaded.tokenizer(), options);
  TrainBatch batch = batch_of(expected, options.task, model);
  const auto optimizer = make_optimizer(learner.trained(), {.weight_decay = 0.01f});
  const Tensor losses = expected.floats("losses");
  for (std::size_t step = 0; step < 10; ++step) {
    optimizer->zero_grad();
    const GradGuard on(true);
    const Tensor loss = objective->loss(model, learner.forward(batch), batch, batch.counts);
    const float wanted = losses.data<float>()[step];
    // Losses that are nearly 0 are as exact as the first one.
    ASSERT_NEAR(loss.data<float>()[0], wanted, 1e-4 * std::abs(wanted) + 2e-6 * std::abs(losses.data<float>()[0]))
        << "step " << step;
    backward(loss);
    if (step == 0) {
      std::size_t compared = 0;
      for (const nn::Parameter& p : learner.trained()) {
        const std::string name = "grad." + model.checkpoint_name(p.name);
        if (!expected.has(name)) continue;
        ASSERT_TRUE(static_cast<bool>(p.tensor->grad())) << name;
        // Sums of large terms that cancel are as exact as their terms: errors are relative to the tensor's largest
        // entry.
        const Tensor wanted_grad = expected.floats(name);
        float largest = 1;
        for (const float g : wanted_grad.data<float>()) largest = std::max(largest, std::abs(g));
        expect_close(p.tensor->grad().data<float>(), wanted_grad.data<float>(), 1e-4 * static_cast<double>(largest),
                     name);
        ++compared;
      }
      const auto names = expected.names();
      const auto stored =
          std::count_if(names.begin(), names.end(), [](const auto& n) { return n.starts_with("grad."); });
      EXPECT_EQ(compared, static_cast<std::size_t>(stored));
    }
    optimizer->step(1e-3f);
  }
}

// The losses of ten steps and the weights after them.
std::vector<float> ten_steps(const std::string& fixture, Device device) {
  const Expected expected(fixtures() / fixture / "train.safetensors");
  Loaded loaded = load_to_train(fixtures() / fixture, device);
  models::Model& model = *loaded.model;
  TrainOptions options{
      .task = task_of_head(model.config().head), .method = TrainMethod::kFull, .compute = Compute::kF32};
  Learner learner(model, loaded.tokenizer(), nullptr, options);
  const auto objective = options.task->objective({}, model, loaded.tokenizer(), options);
  const TrainBatch batch = batch_of(expected, options.task, model);
  const auto optimizer = make_optimizer(learner.trained(), {.weight_decay = 0.01f});
  std::vector<float> numbers;
  for (int step = 0; step < 10; ++step) {
    optimizer->zero_grad();
    const GradGuard on(true);
    const Tensor loss = objective->loss(model, learner.forward(batch), batch, batch.counts);
    numbers.push_back(loss.item());
    backward(loss);
    optimizer->step(1e-3f);
  }
  for (const nn::Parameter& p : learner.trained()) {
    const Tensor values = p.tensor->to(kCpu);
    numbers.insert(numbers.end(), values.data<float>().begin(), values.data<float>().end());
  }
  return numbers;
}

TEST_P(BesidePyTorch, ADeviceWhoseMemoryOnlyKernelsTouchGivesTheSameBits) {
  const auto reference = make_reference_backend();
  const BackendGuard guard(*reference);
  EXPECT_EQ(ten_steps(GetParam(), quarantine()), ten_steps(GetParam(), kCpu));
}

// An evaluated batch has the loss of training.
TEST_P(BesidePyTorch, JudgingGivesTheSameLoss) {
  const auto folder = fixtures() / GetParam();
  const Expected expected(folder / "train.safetensors");
  Loaded loaded = load_to_train(folder);
  const TrainTask* task = task_of_head(loaded.model->config().head);
  const auto objective = task->objective({}, *loaded.model, loaded.tokenizer(), {.task = task});
  const TrainBatch batch = batch_of(expected, task, *loaded.model);
  Judged sums;
  const nn::Encoded encoded = batch.encoder.rows() > 0 ? loaded.model->encode(batch.encoder) : nn::Encoded();
  const nn::ForwardState state{.encoder = batch.encoder.rows() > 0 ? &encoded : nullptr};
  objective->judge(*loaded.model, loaded.model->forward(batch.packed, state), batch, sums);
  const float wanted = expected.floats("loss").data<float>()[0];
  EXPECT_NEAR(objective->metrics(sums).at("eval_loss"), wanted, 1e-4 * std::abs(wanted));
}

INSTANTIATE_TEST_SUITE_P(Fixtures, BesidePyTorch, ::testing::ValuesIn(fixture_cases("train.safetensors")), case_name);

}  // namespace
}  // namespace linnet
