#include <algorithm>
#include <cstring>
#include <iterator>

#include "linnet/backend/reference/reference.h"
#include "linnet/base/parallel.h"

namespace linnet {
namespace {

// Copies or adds the elements of dimensions `dim` and up.
void copy_dim(const StridedCopyArgs& a, int dim, const float* x, float* y) {
  const std::int64_t n = a.shape[dim], from = a.x_strides[dim], to = a.y_strides[dim];
  if (dim + 1 < a.rank) {
    for (std::int64_t i = 0; i < n; ++i) copy_dim(a, dim + 1, x + i * from, y + i * to);
  } else if (a.accumulate) {
    for (std::int64_t i = 0; i < n; ++i) y[i * to] += x[i * from];
  } else if (from == 1 && to == 1) {
    std::memcpy(y, x, static_cast<std::size_t>(n) * sizeof(float));
  } else {
    for (std::int64_t i = 0; i < n; ++i) y[i * to] = x[i * from];
  }
}

}  // namespace

void ReferenceBackend::strided_copy(const StridedCopyArgs& a) {
  if (a.rank < 2) return copy_dim(a, 0, a.x, a.y);
  parallel_for(a.shape[0], 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) copy_dim(a, 1, a.x + i * a.x_strides[0], a.y + i * a.y_strides[0]);
  });
}

void ReferenceBackend::nonzero_rows(const float* x, std::int64_t cols, std::span<const std::int32_t> rows,
                                    std::span<std::uint8_t> hit) {
  parallel_for(std::ssize(rows), 256, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      const float* const row = x + rows[i] * cols;
      hit[i] = std::any_of(row, row + cols, [](float value) { return value != 0; });
    }
  });
}

void ReferenceBackend::max_rows(const MaxRowsArgs& a) {
  for (std::int64_t s = 0; s < a.count; ++s) {
    float* const best = a.y + s * a.cols;
    std::int32_t* const row = a.from + s * a.cols;
    std::copy_n(a.x + a.starts[s] * a.cols, a.cols, best);
    std::fill_n(row, a.cols, a.starts[s]);
    for (std::int32_t r = a.starts[s] + 1; r < a.starts[s + 1]; ++r)
      for (std::int64_t c = 0; c < a.cols; ++c) {
        const float value = a.x[r * a.cols + c];
        if (!(value > best[c])) continue;
        best[c] = value;
        row[c] = r;
      }
  }
}

void ReferenceBackend::max_rows_grad(const MaxRowsGradArgs& a) {
  for (std::int64_t i = 0; i < a.count * a.cols; ++i) a.dx[a.from[i] * a.cols + i % a.cols] += a.dy[i];
}

}  // namespace linnet
