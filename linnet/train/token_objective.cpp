// Objectives over the tokens of a text: a class per token, or the start and end of an answer.
#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/ops/ops.h"
#include "linnet/train/objective.h"

namespace linnet {
namespace {

class TokenClassObjective final : public Objective {
 public:
  TokenClassObjective(EncodedSet set, std::int64_t labels) : Objective(std::move(set)), labels_(labels) {}

  TrainBatch batch(std::span<const std::int64_t> examples, PhiloxKey) const override {
    TrainBatch b = packed(examples);
    for (const std::int64_t index : examples) {
      const auto& targets = set_.examples[static_cast<std::size_t>(index)].targets;
      b.targets.insert(b.targets.end(), targets.begin(), targets.end());
    }
    b.counts[0] = static_cast<double>(std::count_if(b.targets.begin(), b.targets.end(), [](auto t) { return t >= 0; }));
    return b;
  }
  Tensor loss(const models::Model& model, const Tensor& hidden, const TrainBatch& batch,
              const LossCounts& counts) const override {
    return cross_entropy(model.classify(hidden), batch.targets, {.denominator = counts[0]});
  }
  void judge(const models::Model& model, const Tensor& hidden, const TrainBatch& batch, Judged& sums) const override {
    const Tensor logits = model.classify(hidden);
    if (batch.counts[0] == 0) return;
    sums.loss[0] += static_cast<double>(cross_entropy(logits, batch.targets, {.denominator = 1}).data<float>()[0]);
    sums.counts[0] += batch.counts[0];
    const auto x = logits.data<float>();
    const auto n = static_cast<std::size_t>(labels_);
    std::size_t text = 0;
    for (std::size_t row = 0; row < batch.targets.size(); ++row) {
      while (static_cast<std::int64_t>(row) >= batch.packed.starts[text + 1]) ++text;
      if (batch.targets[row] < 0) continue;
      Prediction made = predict(x.subspan(row * n, n), batch.examples[text], batch.targets[row]);
      made.token = static_cast<std::int32_t>(row) - static_cast<std::int32_t>(batch.packed.starts[text]);
      ++sums.total;
      sums.correct += made.predicted == made.expected;
      sums.predictions.push_back(made);
    }
  }
  std::pair<std::string, bool> best_metric() const override { return {"eval_accuracy", true}; }

 private:
  std::int64_t labels_;
};

class QuestionObjective final : public Objective {
 public:
  explicit QuestionObjective(EncodedSet set) : Objective(std::move(set)) {}

  TrainBatch batch(std::span<const std::int64_t> examples, PhiloxKey) const override {
    TrainBatch b = packed(examples);
    for (const std::int64_t index : examples) {
      const EncodedExample& e = set_.examples[static_cast<std::size_t>(index)];
      b.targets.push_back(e.start);
      b.second_targets.push_back(e.end);
      b.counts[0] += e.start >= 0;
      b.counts[1] += e.end >= 0;
    }
    return b;
  }
  // The mean of the cross-entropies of start and end, over positions of the text only, as in Transformers.
  Tensor loss(const models::Model& model, const Tensor& hidden, const TrainBatch& batch,
              const LossCounts& counts) const override {
    Tensor total;
    const Tensor logits = model.classify(hidden);
    for (std::size_t s = 0; s < batch.targets.size(); ++s) {
      if (batch.targets[s] < 0 && batch.second_targets[s] < 0) continue;
      const Tensor rows = by_position(logits, batch, s);  // [2, tokens]
      const std::int32_t targets[] = {batch.targets[s], batch.second_targets[s]};
      const Tensor part = cross_entropy(rows, targets, {.denominator = 2 * std::max(counts[0], counts[1])});
      total = total ? add(total, part) : part;
    }
    return total ? total : scale(sum(logits), 0);
  }
  void judge(const models::Model& model, const Tensor& hidden, const TrainBatch& batch, Judged& sums) const override {
    sums.loss[0] += static_cast<double>(loss(model, hidden, batch, {1, 1}).data<float>()[0]);
    sums.counts[0] += std::max(batch.counts[0], batch.counts[1]);
    const Tensor logits = model.classify(hidden);
    for (std::size_t s = 0; s < batch.targets.size(); ++s) {
      if (batch.targets[s] < 0 && batch.second_targets[s] < 0) continue;  // the answer was truncated
      const Tensor rows = by_position(logits, batch, s);
      const auto x = rows.data<float>();
      const auto n = static_cast<std::ptrdiff_t>(rows.size(1));
      const auto start = std::max_element(x.begin(), x.begin() + n) - x.begin();
      const auto end = std::max_element(x.begin() + n, x.end()) - x.begin() - n;
      ++sums.total;
      sums.correct += start == batch.targets[s] && end == batch.second_targets[s];
    }
  }
  std::pair<std::string, bool> best_metric() const override { return {"eval_accuracy", true}; }

 private:
  // Transposes a text's rows [tokens, 2] to [2, tokens] by a product with the identity, since the tape has no
  // transposed views.
  static Tensor by_position(const Tensor& logits, const TrainBatch& batch, std::size_t s) {
    static constexpr float kIdentity[] = {1, 0, 0, 1};
    const Tensor part = slice_rows(logits, batch.packed.starts[s], batch.packed.starts[s + 1]);
    return matmul(Tensor::from(kIdentity, {2, 2}), part, false, true);
  }
};

}  // namespace

std::unique_ptr<Objective> token_class_objective(EncodedSet set, const models::Model& model) {
  return std::make_unique<TokenClassObjective>(std::move(set), static_cast<std::int64_t>(model.config().labels.size()));
}

std::unique_ptr<Objective> question_objective(EncodedSet set) {
  return std::make_unique<QuestionObjective>(std::move(set));
}

}  // namespace linnet
