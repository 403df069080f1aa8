#include "linnet/nn/finite.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <vector>

#include "linnet/backend/backend.h"
#include "linnet/base/parallel.h"
#include "linnet/ops/ops.h"

namespace linnet::nn {
namespace {

constexpr std::int64_t kGrain = 65'536;  // minimum number of values per thread

// NaN and infinity have all bits of the exponent set. No early exit, so that the loop is vectorised.
bool finite_floats(const float* values, std::int64_t count) {
  std::uint32_t found = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, values + i, sizeof bits);
    found |= static_cast<std::uint32_t>((bits & 0x7f800000u) == 0x7f800000u);
  }
  return found == 0;
}

}  // namespace

bool all_finite(const Tensor& any) {
  if (!any || any.numel() == 0 || !info(any.dtype()).floating) return true;
  const Tensor values = (any.contiguous() ? any : contiguous(any)).to(kCpu);
  const std::int64_t cols = values.rank() == 0 ? 1 : values.size(-1), rows = values.numel() / cols;
  const std::size_t row = row_bytes(values.dtype(), cols);
  std::atomic<bool> finite{true};
  parallel_for(rows, std::max<std::int64_t>(1, kGrain / cols), [&](std::int64_t begin, std::int64_t end) {
    const std::byte* at = values.raw() + static_cast<std::size_t>(begin) * row;
    if (values.dtype() == DType::kF32) {
      if (!finite_floats(reinterpret_cast<const float*>(at), (end - begin) * cols)) finite = false;
      return;
    }
    std::vector<float> floats(static_cast<std::size_t>(cols));
    for (std::int64_t r = begin; r < end && finite; ++r, at += row) {
      backend(kCpu).to_float(at, values.dtype(), floats.data(), 1, cols);
      if (!finite_floats(floats.data(), cols)) finite = false;
    }
  });
  return finite;
}

std::string first_not_finite(std::span<const Parameter> parameters) {
  const auto found =
      std::find_if(parameters.begin(), parameters.end(), [](const Parameter& p) { return !all_finite(*p.tensor); });
  return found == parameters.end() ? "" : found->name;
}

}  // namespace linnet::nn
