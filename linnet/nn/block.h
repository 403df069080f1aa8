// One layer: attention (and cross attention in a decoder that reads an encoder) and feed-forward, each with its norm
// and residual, pre-norm or post-norm.
#pragma once

#include "linnet/nn/attention.h"
#include "linnet/nn/feed_forward.h"
#include "linnet/nn/norm.h"

namespace linnet::nn {

// The tensors that a layer reads besides its own parameters.
struct BlockInput {
  Tensor x = {};               // [rows, hidden]
  PrefixKv prefix = {};        // before what attention reads
  Tensor source = {};          // the encoder's output that a decoder reads [encoder rows, hidden]
  PrefixKv cross_prefix = {};  // before that
};

class Block {
 public:
  enum class Cross : std::uint8_t { kNone, kReadsEncoder };
  Block(const TransformerConfig& config, std::int64_t layer, Cross cross = Cross::kNone);

  // [rows, hidden]; with `wanted` rows only theirs (see Attention).
  Tensor operator()(const BlockInput& in, const AttentionBatch& batch, const Pass& pass,
                    std::span<const std::int32_t> wanted = {}) const;
  void visit(Visitor& v);

 private:
  template <class Part>
  Tensor apply(const Tensor& x, const NormLayer& norm, Site site, const Pass& pass, const Part& part,
               std::span<const std::int32_t> wanted = {}) const;

  std::int64_t layer_;
  NormPlace place_;
  Residual residual_;
  double dropout_;
  NormLayer attention_norm_, cross_norm_, ffn_norm_;
  Attention attention_, cross_attention_;
  FeedForward ffn_;
};

}  // namespace linnet::nn
