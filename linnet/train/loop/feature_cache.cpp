#include "linnet/train/loop/feature_cache.h"

#include <iterator>

#include "linnet/data/sampler.h"
#include "linnet/ops/ops.h"

namespace linnet {
namespace {

constexpr std::int64_t kRowsAPass = 2048;

}  // namespace

bool FeatureCache::fits(const TrainOptions& options, const Objective& objective) {
  return options.method == TrainMethod::kHead && objective.reads_pooled_rows();
}

SamplerOptions FeatureCache::passes() {
  return {.batch_rows = kRowsAPass, .batch_tokens = kRowsAPass, .order = SampleOrder::kFile};
}

FeatureCache::FeatureCache(const Learner& learner, const Objective& objective, const Progress& progress) {
  const models::Model& model = learner.model();
  const GradGuard off(false);
  const std::int64_t hidden = model.config().output_width();
  rows_ = Tensor::empty({objective.size(), hidden}, DType::kF32, model.device());
  Sampler sampler(objective.lengths(), passes());
  std::int64_t done = 0;
  for (std::vector<std::int64_t> examples; sampler.next(examples);) {
    const TrainBatch batch = objective.batch(examples, {});
    const Tensor picked = model.pooling_rows(batch.packed);
    for (std::int64_t s = 0; s < std::ssize(examples); ++s) {
      const std::int64_t row = examples[static_cast<std::size_t>(s)];
      rows_.slice(0, row, row + 1).copy_from(picked.slice(0, s, s + 1));
    }
    done += static_cast<std::int64_t>(examples.size());
    if (progress) progress(done, objective.size());
  }
}

Tensor FeatureCache::rows_of(const TrainBatch& batch) const {
  std::vector<std::int32_t> rows;
  for (const std::int64_t example : batch.examples) rows.push_back(static_cast<std::int32_t>(example));
  return gather_rows(rows_, rows);
}

}  // namespace linnet
