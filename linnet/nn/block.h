// One layer: attention (with cross attention in an encoder-decoder) and feed-forward, each with its norm and residual:
// pre-norm, post-norm, a norm of each part's output, norms of both, or both parts in parallel.
#pragma once

#include "linnet/nn/attention.h"
#include "linnet/nn/feed_forward.h"
#include "linnet/nn/norm.h"

namespace linnet::nn {

// The inputs of a layer other than its parameters.
struct BlockInput {
  std::int64_t layer = 0;      // its number; layers may share a block
  Tensor x = {};               // [rows, hidden]
  PrefixKv prefix = {};        // prepended to the keys and values of attention
  Tensor source = {};          // the encoder's output for cross attention [encoder rows, hidden]
  PrefixKv cross_prefix = {};  // prepended to the keys and values of cross attention
  Tensor distance_bias = {};   // of the scores of attention (DistanceBias), or undefined
  Tensor relative = {};        // rows of relative positions (RelativePositions), or undefined
};

class Block {
 public:
  enum class Cross : std::uint8_t { kNone, kReadsEncoder };
  explicit Block(const TransformerConfig& config, Cross cross = Cross::kNone, std::int64_t layer = 0);

  // [rows, hidden]; with `wanted` rows only those (see Attention).
  Tensor operator()(const BlockInput& in, const AttentionBatch& batch, const Pass& pass,
                    std::span<const std::int32_t> wanted = {}) const;
  // Keeps the keys and values of cross attention: see Attention.
  void store_encoded(const Tensor& source, std::span<const std::int32_t> starts, std::int64_t layer,
                     const KvCache& cache, std::span<KvCache::Sequence* const> sequences, const Pass& pass) const;
  void visit(Visitor& v);

 private:
  struct Norms {
    NormLayer in, out;  // of a part; out: with NormPlace::kBoth; either may be absent
  };
  static Norms norms_of(const TransformerConfig& config);
  template <class Part>
  Tensor apply(const Tensor& x, const Norms& norms, std::int64_t layer, Site site, double dropout, const Pass& pass,
               const Part& part, std::span<const std::int32_t> wanted = {}) const;

  // The output of a part as it is added.
  Tensor added(const Tensor& made, double dropout, std::int64_t layer, Site site, const Pass& pass) const;
  Tensor parallel(const BlockInput& in, const AttentionBatch& batch, const Pass& pass,
                  std::span<const std::int32_t> wanted) const;

  NormPlace place_;
  Residual residual_;
  double residual_scale_, attention_dropout_, ffn_dropout_;  // of the parts' outputs
  Norms attention_norms_, cross_norms_, ffn_norms_;
  Attention attention_, cross_attention_;
  FeedForward ffn_;
};

}  // namespace linnet::nn
