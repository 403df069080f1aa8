// Every head of every family learns: three steps lower the loss, and every parameter has a finite gradient.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "linnet/models/model_table.h"
#include "linnet/nn/finite.h"
#include "linnet/ops/autograd.h"
#include "linnet/train/loop/learner.h"
#include "linnet/train/optimizer/optimizer.h"
#include "linnet/train/tasks/task.h"
#include "tests/models/fixture.h"

namespace linnet {
namespace {

using models::Family, nn::HeadKind;

// The configuration of a fixture of the family, with another head.
nn::TransformerConfig config_of(const Family& family, const models::ArchitectureName& architecture) {
  const auto folder = fixtures() / family.model_type;
  std::vector<std::filesystem::path> cases;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (std::filesystem::exists(entry.path() / "config.json")) cases.push_back(entry.path());
  std::ranges::sort(cases);
  nn::TransformerConfig c = models::ModelFiles(cases.front()).config();
  c.head = architecture.head;
  c.pooler = architecture.pooler;
  c.classifier = architecture.classifier;
  c.problem = nn::ProblemType::kSingleLabel;
  c.labels = architecture.head == HeadKind::kQuestionAnswering ? std::vector<std::string>{"start", "end"}
                                                               : std::vector<std::string>{"red", "green", "blue"};
  c.initializer_range = 0.1;
  return c;
}

// Three texts that end with the end token, and targets of every kind.
TrainBatch batch_for(const models::Model& model, HeadKind head) {
  const auto end = static_cast<std::int32_t>(model.config().eos_ids.empty() ? 2 : model.config().eos_ids.front());
  const std::vector<std::vector<std::int32_t>> texts{{5, 9, 7, end}, {11, 6, end}, {8, 8, 30, 12, 41, end}};
  TrainBatch b;
  for (const auto& text : texts) {
    const bool sequences = head == HeadKind::kSeq2SeqLm;
    if (sequences) b.encoder.add(text);
    b.packed.add(sequences ? model.decoder_input(text) : text);
    b.examples.push_back(std::ssize(b.examples));
    for (std::size_t i = 0; i < text.size(); ++i) {
      const bool next = head == HeadKind::kCausalLm;
      if (head == HeadKind::kTokenClass)
        b.targets.push_back(static_cast<std::int32_t>(i % 3));
      else if (head != HeadKind::kSequenceClass && head != HeadKind::kQuestionAnswering &&
               head != HeadKind::kNextSentence)
        b.targets.push_back(!next ? text[i] : i + 1 < text.size() ? text[i + 1] : -1);
    }
  }
  if (head == HeadKind::kSequenceClass) b.targets = {0, 1, 2};
  if (head == HeadKind::kQuestionAnswering) b.targets = {0, 1, 2};
  if (head == HeadKind::kQuestionAnswering) b.second_targets = {1, 2, 4};
  if (head == HeadKind::kNextSentence || head == HeadKind::kPretraining) b.second_targets = {0, 1, 0};
  const auto counted = std::ranges::count_if(b.targets, [](std::int32_t id) { return id >= 0; });
  b.counts = {static_cast<double>(counted), 3.0};
  return b;
}

void learns(const Family& family, const models::ArchitectureName& architecture) {
  SCOPED_TRACE(architecture.name);
  const std::string tasks(models::use_of(architecture.head).training);
  const auto model = models::Model::from_config(family, config_of(family, architecture), 7);
  const Tokenizer tokenizer = models::load_tokenizer(fixtures() / "bert/masked");
  TrainOptions options{
      .task = task_named(tasks.substr(0, tasks.find(','))), .method = TrainMethod::kFull, .compute = Compute::kF32};
  Learner learner(*model, tokenizer, nullptr, options);
  const auto objective = options.task->objective({}, *model, tokenizer, options);
  const TrainBatch batch = batch_for(*model, architecture.head);
  const auto optimizer = make_optimizer(learner.trained(), {.weight_decay = 0});
  std::vector<float> losses;
  for (int step = 0; step < 4; ++step) {
    optimizer->zero_grad();
    const GradGuard on(true);
    const Tensor loss = objective->loss(*model, learner.forward(batch), batch, batch.counts);
    losses.push_back(loss.item());
    if (step == 3) break;
    backward(loss);
    for (const nn::Parameter& p : learner.trained()) {
      ASSERT_TRUE(static_cast<bool>(p.tensor->grad())) << p.name;
      EXPECT_TRUE(nn::all_finite(p.tensor->grad())) << p.name;
    }
    optimizer->step(3e-3F);
  }
  EXPECT_LT(losses.back(), losses.front());
}

class Families : public ::testing::TestWithParam<const Family*> {};

TEST_P(Families, LearnWithEveryHead) {
  ASSERT_TRUE(std::filesystem::is_directory(fixtures() / GetParam()->model_type)) << "add a fixture of the family";
  for (const models::ArchitectureName& architecture : GetParam()->architectures)
    if (!models::use_of(architecture.head).training.empty()) learns(*GetParam(), architecture);
}

INSTANTIATE_TEST_SUITE_P(Registry, Families,
                         ::testing::ValuesIn(models::all_families().begin(), models::all_families().end()),
                         [](const auto& each) {
                           std::string name(each.param->model_type);
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace linnet
