// Converts between orders of a tensor's values in files: fused projections stacked or interleaved per head, matrices
// [out, in] or [in, out], query and key rows with interleaved rotary pairs (llama.cpp's converter), weights of
// norms that the stack adds a number to.
//
//   Tensor theirs = relaid(*p.tensor, p.role, config, layout_of(config), family.gguf_layout);
#pragma once

#include "linnet/models/family.h"
#include "linnet/nn/role.h"
#include "linnet/tensor/tensor.h"

namespace linnet::models {

Layout layout_of(const TransformerConfig& config);  // layout of a model's parameters in memory
Layout folder_layout(const Family& family);

// Permutes the values of a parameter; the tensor itself if the order is the same. Rows of quantised tensors stay whole;
// transposing one is kInvalidArgument.
Tensor relaid(const Tensor& value, nn::Role role, const TransformerConfig& config, const Layout& from,
              const Layout& to);
// True if `relaid` would transpose it.
bool transposes(const Tensor& value, nn::Role role, const Layout& from, const Layout& to);

}  // namespace linnet::models
