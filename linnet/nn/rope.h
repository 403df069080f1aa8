// Angles of rotary position embeddings for every scaling kind (Su et al., 2021; scaling as
// transformers/modeling_rope_utils.py computes it, in f32 like there).
#pragma once

#include <cstdint>
#include <span>
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

bool depends_on_length(RopeKind kind);

// Cosines and sines of positions 0 … length-1, grown on demand. Not thread-safe: one belongs to one model, and one
// thread drives a model.
class RopeCache {
 public:
  const RotaryTable& table(const TransformerConfig& config, std::int64_t length);
  // Where the scaling depends on a sequence's length, every row of a batch gets its own angles: row r is for
  // positions[r] of a sequence that reaches length lengths[r].
  static RotaryTable per_row(const TransformerConfig& config, std::span<const std::int32_t> positions,
                             std::span<const std::int32_t> lengths);

 private:
  RotaryTable table_;
};

}  // namespace linnet::nn
