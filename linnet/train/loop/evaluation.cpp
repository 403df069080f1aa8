#include "linnet/train/loop/evaluation.h"

#include "linnet/data/sampler.h"
#include "linnet/ops/autograd.h"

namespace linnet {
namespace {

constexpr std::int64_t kRowsABatch = 64, kTokensABatch = 4096;

// Disables dropout for its lifetime.
class Judging {
 public:
  explicit Judging(models::Model& model) : pass_(model.pass()), training_(pass_.training) { pass_.training = false; }
  ~Judging() { pass_.training = training_; }
  Judging(const Judging&) = delete;
  Judging& operator=(const Judging&) = delete;

 private:
  nn::Pass& pass_;
  bool training_;
};

// Masks have one key, the same in every evaluation, so that losses are comparable.
PhiloxKey key_of(std::uint64_t seed) { return {seed, 0}; }

Sampler judging_order(const Objective& objective) {
  return {objective.lengths(), {.batch_rows = kRowsABatch, .batch_tokens = kTokensABatch, .order = SampleOrder::kFile}};
}

}  // namespace

bool judges_anything(const Objective& objective, std::uint64_t seed) {
  Sampler sampler = judging_order(objective);
  for (std::vector<std::int64_t> examples; sampler.next(examples);)
    if (objective.judged(objective.batch(examples, key_of(seed))) > 0) return true;
  return false;
}

Evaluation evaluate(const Learner& learner, const Objective& objective, const FeatureCache* cache,
                    const std::function<void()>& before_batch) {
  const GradGuard off(false);
  const Judging judging(learner.model());
  const PhiloxKey key = key_of(learner.model().pass().seed);
  Sampler sampler = judging_order(objective);
  Judged sums;
  for (std::vector<std::int64_t> examples; sampler.next(examples);) {
    if (before_batch) before_batch();
    TrainBatch batch = objective.batch(examples, key);
    const Tensor hidden = cache != nullptr ? cache->rows_of(batch) : learner.forward(batch);
    objective.judge(learner.model(), hidden, batch, sums);
  }
  return {objective.metrics(sums), std::move(sums.predictions)};
}

double batch_loss(const Learner& learner, const Objective& objective, const TrainBatch& batch,
                  const FeatureCache* cache) {
  if (batch.counts[0] + batch.counts[1] == 0) return 0;
  const GradGuard off(false);
  const Judging judging(learner.model());
  const Tensor hidden = cache != nullptr ? cache->rows_of(batch) : learner.forward(batch);
  return static_cast<double>(objective.loss(learner.model(), hidden, batch, batch.counts).item());
}

}  // namespace linnet
