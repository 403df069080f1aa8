// Where files hold the same tensor with its values in another order: fused projections part by part or head by head,
// matrices [out, in] or [in, out], query and key rows with their rotary halves side by side (llama.cpp's converter).
//
//   Tensor theirs = relaid(*p.tensor, p.role, config, layout_of(config), family.gguf_layout);
#pragma once

#include "linnet/models/family.h"
#include "linnet/nn/role.h"
#include "linnet/tensor/tensor.h"

namespace linnet::models {

Layout layout_of(const TransformerConfig& config);  // of a model's parameters in memory
Layout folder_layout(const Family& family);

// The values of a parameter in another order, the same bits; the tensor itself where nothing moves. Rows of quantised
// tensors move whole; transposing one is kInvalidArgument.
Tensor relaid(const Tensor& value, nn::Role role, const TransformerConfig& config, const Layout& from,
              const Layout& to);
// Would `relaid` transpose it?
bool transposes(const Tensor& value, nn::Role role, const Layout& from, const Layout& to);

}  // namespace linnet::models
