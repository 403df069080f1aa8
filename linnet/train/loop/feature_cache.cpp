#include "linnet/train/loop/feature_cache.h"

#include <algorithm>
#include <cstring>

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
  const std::int64_t hidden = model.config().hidden;
  rows_ = Tensor::empty({objective.size(), hidden});
  Sampler sampler(objective.lengths(), passes());
  std::int64_t done = 0;
  for (std::vector<std::int64_t> examples; sampler.next(examples);) {
    const TrainBatch batch = objective.batch(examples, {});
    const Tensor picked = model.pooling_rows(batch.packed);
    for (std::size_t s = 0; s < examples.size(); ++s)
      std::memcpy(rows_.data<float>().data() + examples[s] * hidden,
                  picked.data<float>().data() + static_cast<std::int64_t>(s) * hidden,
                  static_cast<std::size_t>(hidden) * sizeof(float));
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
