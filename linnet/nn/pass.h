// Settings of one forward pass: precision, the random stream of dropout, LoRA updates.
#pragma once

#include <cstdint>
#include <vector>

#include "linnet/base/rng.h"
#include "linnet/nn/lora.h"
#include "linnet/ops/ops.h"

namespace linnet::nn {

// The places of dropout: part of the Philox stream, so that a recomputed block gets the same masks.
enum class Site : std::uint8_t {
  kEmbedding,
  kAttention,
  kAttentionOutput,
  kCrossOutput,
  kFeedForward,
  kClassifier,
  kLora,
  kActivation,
  kFinal,
  kRelative,
  kCount
};

struct Pass {
  Precision precision = Precision::kByWeight;
  bool training = false;          // dropout is on
  bool recompute = false;         // blocks save only their input and run again in backward
  bool keeps_not_finite = false;  // returns results that are not finite; the caller checks them
  std::uint64_t seed = 0, step = 0;
  std::vector<LoraRows> lora = {};  // added to the products of these rows; none: the weights alone

  PhiloxKey key(std::int64_t layer, Site site, std::uint64_t item = 0) const {
    const auto place = (static_cast<std::uint64_t>(layer) * static_cast<std::uint64_t>(Site::kCount) +
                        static_cast<std::uint64_t>(site)) *
                           4096 +
                       item;
    return {seed, step << 32 | place};
  }
  // The same pass over the rows `wanted` of its batch, ascending.
  Pass over(std::span<const std::int32_t> wanted) const {
    Pass pass = *this;
    if (!lora.empty()) pass.lora = gathered(lora, wanted);
    return pass;
  }
  Tensor drop(const Tensor& x, double p, std::int64_t layer, Site site) const {
    return training && p > 0 ? dropout(x, static_cast<float>(p), key(layer, site)) : x;
  }
};

}  // namespace linnet::nn
