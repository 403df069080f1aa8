#include "linnet/train/objective.h"

#include <algorithm>
#include <cmath>

#include "linnet/base/error.h"

namespace linnet {

std::vector<std::int64_t> Objective::lengths() const {
  std::vector<std::int64_t> all;
  all.reserve(set_.examples.size());
  for (const EncodedExample& e : set_.examples)
    all.push_back(static_cast<std::int64_t>(e.ids.size() + e.output.size()));
  return all;
}

TrainBatch Objective::packed(std::span<const std::int64_t> examples) const {
  TrainBatch batch;
  for (const std::int64_t index : examples) {
    const EncodedExample& e = set_.examples[static_cast<std::size_t>(index)];
    batch.packed.add(e.ids, e.type_ids);
    batch.examples.push_back(index);
  }
  return batch;
}

Prediction predict(std::span<const float> scores, std::int64_t example, std::int32_t expected) {
  const auto best = std::max_element(scores.begin(), scores.end());
  double denominator = 0;
  for (const float s : scores) denominator += std::exp(static_cast<double>(s - *best));
  return {example, expected, static_cast<std::int32_t>(best - scores.begin()), 1 / denominator};
}

std::map<std::string, double> Objective::metrics(const Judged& sums) const {
  std::map<std::string, double> all;
  for (std::size_t i = 0; i < 2; ++i)
    if (sums.counts[i] > 0) all["eval_loss"] += sums.loss[i] / sums.counts[i];
  if (sums.total > 0) all["eval_accuracy"] = static_cast<double>(sums.correct) / static_cast<double>(sums.total);
  return all;
}

std::unique_ptr<Objective> make_objective(TrainTask task, EncodedSet set, const models::Model& model,
                                          const Tokenizer& tokenizer, const TrainOptions& options) {
  switch (task) {
    case TrainTask::kClassify:
      return classify_objective(std::move(set), model, options);
    case TrainTask::kCausalLm:
      return causal_objective(std::move(set));
    case TrainTask::kMaskedLm:
    case TrainTask::kNextSentence:
    case TrainTask::kMaskedNextSentence:
      return masked_objective(std::move(set), model, tokenizer, options, task);
    case TrainTask::kTokens:
      return token_class_objective(std::move(set), model);
    case TrainTask::kQuestionAnswering:
      return question_objective(std::move(set));
    default:
      return seq2seq_objective(std::move(set), model, tokenizer, task);
  }
}

double macro_f1(std::span<const Prediction> predictions, std::size_t labels) {
  std::vector<std::int64_t> hit(labels), expected(labels), predicted(labels);
  for (const Prediction& p : predictions) {
    ++expected[static_cast<std::size_t>(p.expected)];
    if (p.predicted >= 0) ++predicted[static_cast<std::size_t>(p.predicted)];
    if (p.expected == p.predicted) ++hit[static_cast<std::size_t>(p.expected)];
  }
  double sum = 0;
  int seen = 0;
  for (std::size_t i = 0; i < labels; ++i) {
    if (expected[i] + predicted[i] == 0) continue;
    sum += 2.0 * static_cast<double>(hit[i]) / static_cast<double>(expected[i] + predicted[i]);
    ++seen;
  }
  return seen > 0 ? sum / seen : 0;
}

}  // namespace linnet
