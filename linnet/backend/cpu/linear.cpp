#include "linnet/backend/cpu/linear.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "linnet/backend/cpu/elementwise.h"
#include "linnet/backend/cpu/gemm.h"
#include "linnet/backend/cpu/gemm_plain.h"
#include "linnet/backend/cpu/quantized.h"
#include "linnet/backend/cpu/scratch.h"
#include "linnet/backend/cpu/weight_cache.h"
#include "linnet/base/parallel.h"
#include "linnet/tensor/blocks.h"

namespace linnet::cpu {
namespace {

// Initialises each row of y with the bias (or zero), or adds it; a plain product is then accumulated.
void start_rows(const LinearArgs& a) {
  if (a.accumulate && a.bias == nullptr) return;
  parallel_for(a.m, std::max<std::int64_t>(1, 32768 / std::max<std::int64_t>(1, a.weight.out)),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t r = begin; r < end; ++r) {
                   float* const y = a.y + r * a.y_stride;
                   if (a.accumulate)
                     for (std::int64_t i = 0; i < a.weight.out; ++i) y[i] += a.bias[i];
                   else
                     std::memcpy(y, a.bias, static_cast<std::size_t>(a.weight.out) * sizeof(float));
                 }
               });
}

constexpr std::int64_t kChunkValues = std::int64_t{1} << 19;  // values converted to f32 at a time: 2 MiB

// Converts rows of the stored matrix to f32 in chunks and calls body(first row, rows, values).
template <class Body>
void for_chunks(const WeightView& w, Body&& body) {
  const bool row_is_output = w.layout == WeightLayout::kOutIn;
  const std::int64_t rows = row_is_output ? w.out : w.in, columns = row_is_output ? w.in : w.out;
  if (w.type == DType::kF32) return body(0, rows, static_cast<const float*>(w.data));
  const std::int64_t most = std::max<std::int64_t>(1, kChunkValues / std::max<std::int64_t>(1, columns));
  const std::size_t row_size = row_bytes(w.type, columns);
  float* const values = scratch<ScratchFor::kConvert>(std::min(rows, most) * columns);
  for (std::int64_t first = 0; first < rows; first += most) {
    const std::int64_t count = std::min(most, rows - first);
    const auto* const from = static_cast<const std::byte*>(w.data) + static_cast<std::size_t>(first) * row_size;
    parallel_for(count, std::max<std::int64_t>(1, 16384 / columns), [&](std::int64_t begin, std::int64_t end) {
      dequantize(w.type, from + static_cast<std::size_t>(begin) * row_size,
                 {values + begin * columns, static_cast<std::size_t>((end - begin) * columns)});
    });
    body(first, count, static_cast<const float*>(values));
  }
}

void multiply_rounded(const PlainProduct& p, Precision precision) {
  if (precision == Precision::kBF16 && multiply_plain_bf16(p)) return;
  multiply_plain(p);
}

// Uses the weight as it is stored.
void linear_plain(const LinearArgs& a) {
  const WeightView& w = a.weight;
  if (a.bias != nullptr || a.accumulate) start_rows(a);
  const float beta = a.bias != nullptr || a.accumulate ? 1.0F : 0.0F;
  for_chunks(w, [&](std::int64_t first, std::int64_t count, const float* values) {
    if (w.layout == WeightLayout::kOutIn)
      multiply_rounded({false, true, a.m, count, w.in, 1, a.x, a.x_stride, values, w.in, beta, a.y + first, a.y_stride},
                       a.precision);
    else
      multiply_rounded({false, false, a.m, w.out, count, 1, a.x + first, a.x_stride, values, w.out,
                        first == 0 ? beta : 1.0F, a.y, a.y_stride},
                       a.precision);
  });
}

// The product of a constant weight with its packed copy: one of the two.
struct Packed {
  Product product;
  const QuantizedMatrix* blocks;
  const PackedMatrix* matrix;
};

Packed packed(const LinearArgs& a) {
  const bool quantized = info(a.weight.type).quantized;
  return {{a.x, a.x_stride, a.m, a.bias, a.y, a.y_stride, a.accumulate},
          quantized ? quantized_matrix(a.weight) : nullptr,
          quantized ? nullptr : packed_matrix(a.weight)};
}

void multiply_blocks(std::span<const QuantizedProduct> products, Precision precision) {
  if (precision == Precision::kByWeight) return multiply_quantized(products);
  if (precision == Precision::kBF16 && multiply_quantized_bf16(products)) return;
  for (const QuantizedProduct& one : products) multiply_exact(one.product, *one.weight);
}

constexpr std::size_t kMostTogether = 4;

// Multiplies all at once if one rounding of x serves all weights; else does nothing and returns false.
bool multiply_together(std::span<const Packed> all, Precision precision) {
  const Packed& first = all.front();
  const auto each = [&](auto like) { return std::ranges::all_of(all, like); };
  if (first.blocks != nullptr &&
      each([&](const Packed& p) { return p.blocks && same_blocks(*p.blocks, *first.blocks); })) {
    std::array<QuantizedProduct, kMostTogether> products;
    for (std::size_t i = 0; i < all.size(); ++i) products[i] = {all[i].product, all[i].blocks};
    multiply_blocks(std::span(products).first(all.size()), precision);
    return true;
  }
  if (precision == Precision::kF32 || !each([](const Packed& p) { return p.matrix && p.matrix->type == DType::kBF16; }))
    return false;
  std::array<PackedProduct, kMostTogether> products;
  for (std::size_t i = 0; i < all.size(); ++i) products[i] = {all[i].product, all[i].matrix};
  return multiply_packed_bf16(std::span(products).first(all.size()));
}

}  // namespace

void linear(const LinearArgs& a) {
  if (a.m == 0 || a.weight.out == 0) return;
  Packed one = packed(a);
  if (one.blocks == nullptr && one.matrix == nullptr) return linear_plain(a);
  if (a.bias != nullptr && a.accumulate) {
    start_rows(a);
    one.product.bias = nullptr;
  }
  if (!multiply_together({&one, 1}, a.precision)) multiply_packed(one.product, *one.matrix);
}

void linears(std::span<const LinearArgs> products) {
  std::array<Packed, kMostTogether> all;
  bool together = products.size() <= all.size() && products.front().m > 0;
  for (std::size_t i = 0; i < products.size() && together; ++i) {
    const LinearArgs& a = products[i];
    all[i] = packed(a);
    together = a.weight.out > 0 && !(a.bias != nullptr && a.accumulate);
  }
  if (together && multiply_together(std::span(all).first(products.size()), products.front().precision)) return;
  for (const LinearArgs& a : products) linear(a);
}

void prepack(const WeightView& weight) {
  info(weight.type).quantized ? static_cast<void>(quantized_matrix(weight)) : static_cast<void>(packed_matrix(weight));
}

void linear_grad_input(const LinearGradInputArgs& a) {
  const WeightView& w = a.weight;
  if (a.m == 0 || w.in == 0) return;
  const float beta = a.accumulate ? 1.0F : 0.0F;
  // With a rounded weight the other operand may be rounded too, as in the forward product.
  const bool may_round = a.precision == Precision::kByWeight && w.type != DType::kF32;
  const Precision precision = may_round ? Precision::kBF16 : a.precision;
  for_chunks(w, [&](std::int64_t first, std::int64_t count, const float* values) {
    if (w.layout == WeightLayout::kOutIn)
      multiply_rounded({false, false, a.m, w.in, count, 1, a.dy + first, a.dy_stride, values, w.in,
                        first == 0 ? beta : 1.0F, a.dx, a.dx_stride},
                       precision);
    else
      multiply_rounded(
          {false, true, a.m, count, w.out, 1, a.dy, a.dy_stride, values, w.out, beta, a.dx + first, a.dx_stride},
          precision);
  });
}

void linear_grad_weight(const LinearGradWeightArgs& a) {
  const float beta = a.accumulate ? 1.0F : 0.0F;
  if (a.layout == WeightLayout::kOutIn)
    multiply_rounded({true, false, a.out, a.in, a.m, 1, a.dy, a.dy_stride, a.x, a.x_stride, beta, a.dweight, a.in},
                     a.precision);
  else
    multiply_rounded({true, false, a.in, a.out, a.m, 1, a.x, a.x_stride, a.dy, a.dy_stride, beta, a.dweight, a.out},
                     a.precision);
  if (a.dbias != nullptr) column_sums(a.dy, a.dy_stride, a.m, a.out, a.accumulate, a.dbias);
}

void gemm(const GemmArgs& a) {
  const auto one = [&](std::int64_t i) {
    multiply_plain({a.transpose_a, a.transpose_b, a.m, a.n, a.k, a.alpha, a.a + i * a.a_stride, a.lda,
                    a.b + i * a.b_stride, a.ldb, a.beta, a.c + i * a.c_stride, a.ldc});
  };
  // Few or small products: parallel inside, else one per thread.
  if (a.batch < threads() || a.m * a.n * a.k > (std::int64_t{1} << 22)) {
    for (std::int64_t i = 0; i < a.batch; ++i) one(i);
    return;
  }
  parallel_for(a.batch, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) one(i);
  });
}

}  // namespace linnet::cpu
