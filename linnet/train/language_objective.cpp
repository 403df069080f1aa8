// Causal and masked language modelling, next-sentence prediction.
#include <algorithm>
#include <cmath>

#include "linnet/base/error.h"
#include "linnet/base/rng.h"
#include "linnet/data/collate/masking.h"
#include "linnet/ops/ops.h"
#include "linnet/train/objective.h"

namespace linnet {
namespace {

// The loss over rows with a target; the output matrix is applied only to those.
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

Tensor vocabulary_loss(const models::Model& model, const Tensor& hidden, const std::vector<std::int32_t>& targets,
                       double count) {
  const Chosen c = chosen(targets);
  const Tensor rows = model.before_output(gather_rows(hidden, c.rows));
  return linear_cross_entropy(rows, model.output_weight(), model.output_bias(), c.targets, {.denominator = count},
                              {.precision = model.pass().precision});
}

double count_targets(const std::vector<std::int32_t>& targets) {
  return static_cast<double>(std::count_if(targets.begin(), targets.end(), [](std::int32_t t) { return t >= 0; }));
}

void judge_vocabulary(const models::Model& model, const Tensor& hidden, const TrainBatch& batch, Judged& sums) {
  if (batch.counts[0] == 0) return;
  const Tensor loss = vocabulary_loss(model, hidden, batch.targets, batch.counts[0]);
  sums.loss[0] += static_cast<double>(loss.data<float>()[0]) * batch.counts[0];
  sums.counts[0] += batch.counts[0];
}

class CausalObjective final : public Objective {
 public:
  explicit CausalObjective(EncodedSet set) : Objective(std::move(set)) {}

  TrainBatch batch(std::span<const std::int64_t> examples, PhiloxKey) const override {
    TrainBatch b = packed(examples);
    for (const std::int64_t index : examples) {
      const auto& targets = set_.examples[static_cast<std::size_t>(index)].targets;
      b.targets.insert(b.targets.end(), targets.begin(), targets.end());
    }
    b.counts[0] = count_targets(b.targets);
    return b;
  }
  Tensor loss(const models::Model& model, const Tensor& hidden, const TrainBatch& batch,
              const LossCounts& counts) const override {
    return vocabulary_loss(model, hidden, batch.targets, counts[0]);
  }
  void judge(const models::Model& model, const Tensor& hidden, const TrainBatch& batch, Judged& sums) const override {
    judge_vocabulary(model, hidden, batch, sums);
  }
  std::map<std::string, double> metrics(const Judged& sums) const override {
    auto all = Objective::metrics(sums);
    if (!all.contains("eval_loss")) return all;
    if (const double perplexity = std::exp(all["eval_loss"]); std::isfinite(perplexity))
      all["eval_perplexity"] = perplexity;
    return all;
  }
};

class MaskedObjective final : public Objective {
 public:
  MaskedObjective(EncodedSet set, const Tokenizer& tokenizer, const TrainOptions& options, TrainTask task)
      : Objective(std::move(set)), task_(task) {
    if (task == TrainTask::kNextSentence) return;
    check(tokenizer.mask_id().has_value(), ErrorKind::kBadInput,
          "the tokenizer has no mask token: masked-lm needs one (BERT and its kin)");
    rule_ = {.probability = options.mask_probability,
             .unit = options.whole_word ? MaskUnit::kWord : MaskUnit::kToken,
             .mask_id = *tokenizer.mask_id(),
             .vocab_size = tokenizer.vocab_size()};
  }

  TrainBatch batch(std::span<const std::int64_t> examples, PhiloxKey key) const override {
    TrainBatch b = packed(examples);
    for (std::size_t i = 0; i < examples.size(); ++i) {
      const EncodedExample& e = set_.examples[static_cast<std::size_t>(examples[i])];
      if (task_ != TrainTask::kMaskedLm) b.second_targets.push_back(e.label);
      if (task_ == TrainTask::kNextSentence) continue;
      // The example's number is part of the stream: the mask does not depend on the batch.
      Rng rng(key.seed ^ 0x6D61736Bu, key.stream * 0x9E3779B97F4A7C15u + static_cast<std::uint64_t>(examples[i]));
      Masked masked = mask_tokens(e.ids, e.words, rule_, rng);
      std::copy(masked.ids.begin(), masked.ids.end(), b.packed.ids.begin() + b.packed.starts[i]);
      b.targets.insert(b.targets.end(), masked.labels.begin(), masked.labels.end());
    }
    b.counts = {count_targets(b.targets), static_cast<double>(b.second_targets.size())};
    return b;
  }

  Tensor loss(const models::Model& model, const Tensor& hidden, const TrainBatch& batch,
              const LossCounts& counts) const override {
    Tensor total;
    if (batch.counts[0] > 0) total = vocabulary_loss(model, hidden, batch.targets, counts[0]);
    if (!batch.second_targets.empty()) {
      const Tensor next =
          cross_entropy(sentence_scores(model, hidden, batch), batch.second_targets, {.denominator = counts[1]});
      total = total ? add(total, next) : next;
    }
    // A batch without any mask: a loss of zero that is on the tape.
    return total ? total : scale(sum(hidden), 0);
  }

  void judge(const models::Model& model, const Tensor& hidden, const TrainBatch& batch, Judged& sums) const override {
    judge_vocabulary(model, hidden, batch, sums);
    if (batch.second_targets.empty()) return;
    const Tensor scores = sentence_scores(model, hidden, batch);
    const Tensor loss = cross_entropy(scores, batch.second_targets, {.denominator = batch.counts[1]});
    sums.loss[1] += static_cast<double>(loss.data<float>()[0]) * batch.counts[1];
    sums.counts[1] += batch.counts[1];
    const auto x = scores.data<float>();
    for (std::size_t i = 0; i < batch.second_targets.size(); ++i) {
      ++sums.total;
      sums.correct += (x[2 * i + 1] > x[2 * i] ? 1 : 0) == batch.second_targets[i];
    }
  }

 private:
  static Tensor sentence_scores(const models::Model& model, const Tensor& hidden, const TrainBatch& batch) {
    return model.next_sentence(model.pooled(hidden, batch.packed));
  }
  TrainTask task_;
  MaskOptions rule_;
};

}  // namespace

std::unique_ptr<Objective> causal_objective(EncodedSet set) {
  return std::make_unique<CausalObjective>(std::move(set));
}

std::unique_ptr<Objective> masked_objective(EncodedSet set, const models::Model& model, const Tokenizer& tokenizer,
                                            const TrainOptions& options, TrainTask task) {
  using nn::HeadKind;
  const HeadKind head = model.config().head;
  const bool ok = head == HeadKind::kPretraining || (task == TrainTask::kMaskedLm && head == HeadKind::kMaskedLm) ||
                  (task == TrainTask::kNextSentence && head == HeadKind::kNextSentence);
  check(ok, "[train] the model's head does not do {}", task_name(task));
  return std::make_unique<MaskedObjective>(std::move(set), tokenizer, options, task);
}

}  // namespace linnet
