// Angles of rotary position embeddings for every scaling kind (Su et al., 2021; scaling as in
// transformers/modeling_rope_utils.py, also in f32).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "linnet/nn/config.h"
#include "linnet/ops/ops.h"

namespace linnet::nn {

struct RopeFrequencies {
  std::vector<float> inverse;  // one per pair of dimensions
  double scale = 1;            // factor of cosine and sine
};
// `length`: the largest length in the pass; dynamic and longrope scaling depend on it.
RopeFrequencies rope_frequencies(const TransformerConfig& config, const Rope& rope, std::int64_t length);
inline RopeFrequencies rope_frequencies(const TransformerConfig& config, std::int64_t length) {
  return rope_frequencies(config, config.rope, length);
}

bool depends_on_length(RopeKind kind);
// Number of a head's dimensions that turn: the fraction `partial`, rounded down.
std::int64_t rotary_dims(std::int64_t head_dim, double partial);

// Cosines and sines of positions 0 … length-1, grown on demand. Not thread-safe: it belongs to one rope of one model,
// which one thread uses.
class RopeCache {
 public:
  const RotaryTable& table(const TransformerConfig& config, const Rope& rope, std::int64_t length, Device device);
  // For scaling that depends on a sequence's length: row r has the angles of positions[r] in a sequence of length
  // lengths[r].
  static RotaryTable per_row(const TransformerConfig& config, const Rope& rope, std::span<const std::int32_t> positions,
                             std::span<const std::int32_t> lengths, Device device);

 private:
  RotaryTable table_;
};

}  // namespace linnet::nn
