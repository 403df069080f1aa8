#include "linnet/backend/cpu/rows.h"

#include "linnet/backend/cpu/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "linnet/backend/cpu/rows.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h: everything below is compiled once per target.
#include <algorithm>
#include <cstring>

#include "hwy/highway.h"
#include "linnet/backend/cpu/for_each-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void RotaryRows(const RotaryArgs& a, std::int64_t begin, std::int64_t end) {
  const std::int64_t half = a.dims / 2;
  for (std::int64_t r = begin; r < end; ++r) {
    const float *const cosine = a.cosine + a.table_rows[r] * half, *const sine = a.sine + a.table_rows[r] * half;
    for (std::int64_t h = 0; h < a.heads; ++h) {
      const float* const x = a.x + r * a.x_stride + h * a.x_head_stride;
      float* const y = a.y + r * a.y_stride + h * a.head_dim;
      ForEach(0, half, [&](auto d, std::int64_t i) HWY_ATTR {
        const auto first = hn::LoadU(d, x + i), second = hn::LoadU(d, x + half + i), c = hn::LoadU(d, cosine + i);
        auto s = hn::LoadU(d, sine + i);
        if (a.inverse) s = hn::Neg(s);
        hn::StoreU(hn::NegMulAdd(second, s, hn::Mul(first, c)), d, y + i);
        hn::StoreU(hn::MulAdd(first, s, hn::Mul(second, c)), d, y + half + i);
      });
      if (y != x && a.dims < a.head_dim)
        std::memcpy(y + a.dims, x + a.dims, static_cast<std::size_t>(a.head_dim - a.dims) * sizeof(float));
    }
  }
}

void AddRow(const float* x, float* y, std::int64_t n) {
  ForEach(0, n, [&](auto d, std::int64_t i) HWY_ATTR {
    hn::StoreU(hn::Add(hn::LoadU(d, y + i), hn::LoadU(d, x + i)), d, y + i);
  });
}

void NarrowF16(const float* from, std::int64_t n, std::uint16_t* to) {
  ForEach(0, n, [&](auto d, std::int64_t i) HWY_ATTR {
    const hn::Rebind<hwy::float16_t, decltype(d)> d16;
    hn::StoreU(hn::DemoteTo(d16, hn::LoadU(d, from + i)), d16, reinterpret_cast<hwy::float16_t*>(to) + i);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace linnet::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "linnet/backend/cpu/gemm.h"
#include "linnet/base/parallel.h"
#include "linnet/tensor/blocks.h"

namespace linnet::cpu {
HWY_EXPORT(RotaryRows);
HWY_EXPORT(AddRow);
HWY_EXPORT(NarrowF16);
namespace {

constexpr std::int64_t kGrain = 16384;  // minimum number of values per thread
std::int64_t row_grain(std::int64_t cols) {
  return std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, cols));
}

void row_to_float(const std::byte* from, DType type, std::int64_t cols, float* to) {
  switch (type) {
    case DType::kF32:
      std::memcpy(to, from, static_cast<std::size_t>(cols) * sizeof(float));
      return;
    case DType::kBF16:
      return widen_bf16(reinterpret_cast<const std::uint16_t*>(from), cols, to);
    case DType::kF16:
      return widen_f16(reinterpret_cast<const std::uint16_t*>(from), cols, to);
    default:
      return dequantize(type, from, {to, static_cast<std::size_t>(cols)});
  }
}

}  // namespace

void rotary(const RotaryArgs& a) {
  const auto rows = HWY_DYNAMIC_DISPATCH(RotaryRows);
  parallel_for(a.rows, row_grain(a.heads * a.head_dim),
               [&](std::int64_t begin, std::int64_t end) { rows(a, begin, end); });
}

void embedding(const EmbeddingArgs& a) {
  const std::size_t row_size = row_bytes(a.type, a.cols);
  parallel_for(a.rows, row_grain(a.cols), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r)
      row_to_float(static_cast<const std::byte*>(a.table) + static_cast<std::size_t>(a.ids[r]) * row_size, a.type,
                   a.cols, a.y + r * a.cols);
  });
}

// Each thread takes a range of columns, so that equal ids do not race and rows are summed in order.
void embedding_grad(const EmbeddingGradArgs& a) {
  const auto add_row = HWY_DYNAMIC_DISPATCH(AddRow);
  const std::int64_t grain = std::max<std::int64_t>(16, kGrain / std::max<std::int64_t>(1, a.rows));
  parallel_for(a.cols, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = 0; r < a.rows; ++r)
      add_row(a.dy + r * a.cols + begin, a.dtable + a.ids[r] * a.cols + begin, end - begin);
  });
}

void to_float(const void* x, DType type, float* y, std::int64_t rows, std::int64_t cols) {
  const std::size_t row_size = row_bytes(type, cols);
  parallel_for(rows, row_grain(cols), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r)
      row_to_float(static_cast<const std::byte*>(x) + static_cast<std::size_t>(r) * row_size, type, cols, y + r * cols);
  });
}

bool from_float(const float* x, DType type, void* y, std::int64_t rows, std::int64_t cols) {
  auto* const to = static_cast<std::uint16_t*>(y);
  if (type == DType::kBF16) {
    narrow_bf16_rows(x, cols, rows, cols, to);
    return true;
  }
  if (type != DType::kF16) return false;
  const auto narrow = HWY_DYNAMIC_DISPATCH(NarrowF16);
  parallel_for(rows, row_grain(cols), [&](std::int64_t begin, std::int64_t end) {
    narrow(x + begin * cols, (end - begin) * cols, to + begin * cols);
  });
  return true;
}

}  // namespace linnet::cpu
#endif
