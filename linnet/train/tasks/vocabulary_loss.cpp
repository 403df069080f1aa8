#include "linnet/train/tasks/vocabulary_loss.h"

#include <algorithm>

#include "linnet/ops/ops.h"

namespace linnet {
namespace {

struct Chosen {
  std::vector<std::int32_t> rows, targets;
};
Chosen chosen(const std::vector<std::int32_t>& targets) {
  Chosen c;
  for (std::size_t i = 0; i < targets.size(); ++i)
    if (targets[i] >= 0) {
      c.rows.push_back(static_cast<std::int32_t>(i));
      c.targets.push_back(targets[i]);
    }
  return c;
}

}  // namespace

Tensor vocabulary_loss(const models::Model& model, const Tensor& hidden, const std::vector<std::int32_t>& targets,
                       double count) {
  const Chosen c = chosen(targets);
  const Tensor rows = model.before_output(gather_rows(hidden, c.rows));
  const auto cap = static_cast<float>(model.config().output_softcap);
  return linear_cross_entropy(rows, model.output_weight(), model.output_bias(), c.targets,
                              {.denominator = count, .softcap = cap}, {.precision = model.pass().precision});
}

double count_targets(const std::vector<std::int32_t>& targets) {
  return static_cast<double>(std::count_if(targets.begin(), targets.end(), [](std::int32_t t) { return t >= 0; }));
}

void judge_vocabulary(const models::Model& model, const Tensor& hidden, const TrainBatch& batch, Judged& sums) {
  if (batch.counts[0] == 0) return;
  const Tensor loss = vocabulary_loss(model, hidden, batch.targets, batch.counts[0]);
  sums.loss[0] += static_cast<double>(loss.item()) * batch.counts[0];
  sums.counts[0] += batch.counts[0];
}

}  // namespace linnet
