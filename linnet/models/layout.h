// Where files hold the same tensor with its values in another order: fused projections part by part or head by head,
// matrices [out, in] or [in, out], query and key rows with their rotary halves side by side (llama.cpp's converter).
//
//   Tensor theirs = relaid(ours, "layers.0.attention.qkv.weight", config, layout_of(config), gguf_layout(family,
//   config));
#pragma once

#include <string_view>

#include "linnet/models/family.h"
#include "linnet/tensor/tensor.h"

namespace linnet::models {

struct Layout {
  Qkv qkv = Qkv::kSeparate;
  WeightLayout weights = WeightLayout::kOutIn;
  NamePair::GgufRows rotary_rows = NamePair::GgufRows::kAsHere;  // of the parameters whose name pair says so
};

Layout layout_of(const TransformerConfig& config);  // of a model's parameters in memory
Layout folder_layout(const Family& family, const TransformerConfig& config);
Layout gguf_layout(const Family& family, const TransformerConfig& config);

// The values of parameter `ours` in another order, the same bits; the tensor itself where nothing moves. Rows of
// quantised tensors move whole; transposing one is kInvalidArgument.
Tensor relaid(const Tensor& value, std::string_view ours, const Family& family, const TransformerConfig& config,
              const Layout& from, const Layout& to);
// Would `relaid` transpose it?
bool transposes(const Tensor& value, std::string_view ours, const Layout& from, const Layout& to);

}  // namespace linnet::models
