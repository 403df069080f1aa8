#include "linnet/models/layout.h"

#include <algorithm>

#include "linnet/ops/ops.h"

namespace linnet::models {
namespace {

// Row r of the result is row source(r) of `value`.
template <class Source>
Tensor rows_from(const Tensor& value, const Source& source) {
  Tensor out = Tensor::empty(value.shape(), value.dtype());
  const std::int64_t rows = value.size(0);
  const std::size_t bytes = rows == 0 ? 0 : value.bytes() / static_cast<std::size_t>(rows);
  for (std::int64_t r = 0; r < rows; ++r)
    std::copy_n(value.raw() + static_cast<std::size_t>(source(r)) * bytes, bytes,
                out.raw() + static_cast<std::size_t>(r) * bytes);
  return out;
}

// Row 2i + j of a head in files with rotary pairs is row j * half + i here.
Tensor pairs_apart(const Tensor& value, std::int64_t head_dim) {
  return rows_from(value, [&](std::int64_t r) {
    const std::int64_t within = r % head_dim, half = head_dim / 2;
    return r - within + 2 * (within % half) + within / half;
  });
}
Tensor pairs_together(const Tensor& value, std::int64_t head_dim) {
  return rows_from(value, [&](std::int64_t r) {
    const std::int64_t within = r % head_dim, half = head_dim / 2;
    return r - within + within % 2 * half + within / 2;
  });
}

// [outer, inner, head_dim] -> [inner, outer, head_dim], by rows.
Tensor groups_swapped(const Tensor& value, std::int64_t outer, std::int64_t inner, std::int64_t head_dim) {
  return rows_from(value, [&](std::int64_t r) {
    const std::int64_t group = r / head_dim;
    return (group % outer * inner + group / outer) * head_dim + r % head_dim;
  });
}

Tensor transposed(const Tensor& value) {
  check(!info(value.dtype()).quantized, "[layout] a {} matrix cannot be transposed", info(value.dtype()).name);
  const std::int64_t rows = value.size(0), cols = value.size(1);
  Tensor out = Tensor::empty({cols, rows}, value.dtype());
  const std::size_t each = row_bytes(value.dtype(), 1);
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < cols; ++c)
      std::copy_n(value.raw() + static_cast<std::size_t>(r * cols + c) * each, each,
                  out.raw() + static_cast<std::size_t>(c * rows + r) * each);
  return out;
}

Tensor shifted(const Tensor& value, double by) {
  const Tensor moved = to_float(value).clone();
  for (float& x : moved.data<float>()) x += static_cast<float>(by);
  return moved;
}

}  // namespace

Layout layout_of(const TransformerConfig& config) {
  return {config.qkv, config.weight_layout, RotaryRows::kHalves, config.norm_offset};
}

Layout folder_layout(const Family& family) { return layout_of(family.defaults); }

bool transposes(const Tensor& value, nn::Role role, const Layout& from, const Layout& to) {
  return from.weights != to.weights && value.rank() == 2 && nn::is_layer_linear(role);
}

Tensor relaid(const Tensor& value, nn::Role role, const TransformerConfig& config, const Layout& from,
              const Layout& to) {
  const bool turns = transposes(value, role, from, to);
  Tensor moved = value;
  if (turns && from.weights == WeightLayout::kInOut) moved = transposed(moved);
  if (from.qkv != to.qkv && role == nn::Role::kQkv) {
    const bool by_head = to.qkv == Qkv::kPerHead;  // the other order is [3, heads, head_dim]
    moved = groups_swapped(moved, by_head ? 3 : config.heads, by_head ? config.heads : 3, config.head_dim);
  }
  if (from.rotary_rows != to.rotary_rows && (role == nn::Role::kQuery || role == nn::Role::kKey))
    moved = to.rotary_rows == RotaryRows::kPairs ? pairs_together(moved, config.head_dim)
                                                 : pairs_apart(moved, config.head_dim);
  if (turns && to.weights == WeightLayout::kInOut) moved = transposed(moved);
  if (from.norm_offset != to.norm_offset && nn::is_norm(role))
    moved = shifted(moved, from.norm_offset - to.norm_offset);
  return moved;
}

}  // namespace linnet::models
