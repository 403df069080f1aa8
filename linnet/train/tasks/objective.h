// A training objective: builds batches from rows, computes the loss and metrics.
//
//   auto objective = task.objective(encoded, model, tokenizer, options);
//   TrainBatch batch = objective->batch(rows, {seed, step});
//   Tensor hidden = model.forward(batch.packed);
//   Tensor loss = objective->loss(model, hidden, batch, batch.counts);
//
// Losses are means over targets (tokens with a target, rows, class weights). With gradient accumulation each part
// divides by the counts of all parts together, so that 8 x 1 row gives the same loss as 1 x 8 rows.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "linnet/eval/number_errors.h"
#include "linnet/eval/prediction.h"
#include "linnet/models/model.h"
#include "linnet/train/encode/encode.h"

namespace linnet {

using LossCounts = std::array<double, 2>;  // of the main loss and of a second one (next sentence)

struct TrainBatch {
  nn::Packed packed;                         // input of the model (of the decoder in an encoder-decoder)
  nn::Packed encoder;                        // encoder-decoders only
  std::vector<std::int32_t> targets;         // one per row of `packed`, or one per sequence
  std::vector<std::int32_t> second_targets;  // next sentence, or the end of answers
  Tensor values;                             // [sequences, labels]: multi-label, regression
  std::vector<std::int64_t> examples;        // their numbers in the encoded set
  LossCounts counts{};
};

// Sums over a validation set.
struct Judged {
  std::array<double, 2> loss{};  // sums
  LossCounts counts{};
  std::int64_t correct = 0, total = 0;  // per row, token or span
  NumberErrors errors;                  // regression
  std::vector<Prediction> predictions;  // single-label classification, of texts or of tokens
};

class Objective {
 public:
  virtual ~Objective() = default;
  Objective(const Objective&) = delete;
  Objective& operator=(const Objective&) = delete;

  std::int64_t size() const { return static_cast<std::int64_t>(set_.examples.size()); }
  const EncodedSet& set() const { return set_; }
  // Tokens of each example, for the sampler.
  virtual std::vector<std::int64_t> lengths() const;
  // All randomness (masking, noise) depends only on `key`.
  virtual TrainBatch batch(std::span<const std::int64_t> examples, PhiloxKey key) const = 0;
  // `hidden` [rows of batch.packed, hidden]. Shape [1].
  virtual Tensor loss(const models::Model& model, const Tensor& hidden, const TrainBatch& batch,
                      const LossCounts& counts) const = 0;
  virtual void judge(const models::Model& model, const Tensor& hidden, const TrainBatch& batch, Judged& sums) const = 0;
  // Number of targets of a batch in `judge`; 0: no metric.
  virtual double judged(const TrainBatch& batch) const { return batch.counts[0] + batch.counts[1]; }
  // "eval_loss" and metrics of the objective. A metric without targets is absent; none is infinite.
  virtual std::map<std::string, double> metrics(const Judged& sums) const;
  // The metric that decides the best checkpoint, and whether higher is better.
  virtual std::pair<std::string, bool> best_metric() const { return {"eval_loss", false}; }
  // True if a sequence's loss depends only on its pooled row: then a frozen base model runs once (head-only training).
  virtual bool reads_pooled_rows() const { return false; }
  // ln(labels), if chance gives that loss; otherwise 0.
  virtual double guessing_loss() const { return 0; }

 protected:
  explicit Objective(EncodedSet set) : set_(std::move(set)) {}
  TrainBatch packed(std::span<const std::int64_t> examples) const;  // ids, types and example numbers
  EncodedSet set_;
};

}  // namespace linnet
