// Angles of rotary position embeddings for every scaling kind (Su et al., 2021; scaling as
// transformers/modeling_rope_utils.py computes it, in f32 like there).
#pragma once

#include <cstdint>
#include <vector>

#include "linnet/nn/config.h"
#include "linnet/ops/ops.h"

namespace linnet::nn {

struct RopeFrequencies {
  std::vector<float> inverse;  // one a pair of dimensions
  double scale = 1;            // of cosine and sine
};
// `length`: the longest position count of the pass; dynamic and longrope scaling depend on it.
RopeFrequencies rope_frequencies(const TransformerConfig& config, std::int64_t length);

// Cosines and sines of positions 0 … length-1, grown on demand. Not thread-safe: one belongs to one model, and one
// thread drives a model.
class RopeCache {
 public:
  const RotaryTable& table(const TransformerConfig& config, std::int64_t length);

 private:
  RotaryTable table_;
  std::int64_t built_for_ = -1;  // the length whose frequencies the table has, where they depend on it
};

}  // namespace linnet::nn
