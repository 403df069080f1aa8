#include "linnet/io/stored_bytes.h"

#include <algorithm>

namespace linnet {
namespace {

// Limit of the product of the other dimensions if one is 0, for a file of any size.
constexpr std::int64_t kMostBesideZero = std::int64_t{1} << 20;
constexpr std::int64_t kMostElements = INT64_MAX / 16;  // byte counts cannot overflow

}  // namespace

std::optional<std::size_t> stored_bytes(DType type, const Shape& shape, std::size_t file_bytes) {
  std::int64_t nonzero = 1;
  bool empty = false;
  for (const std::int64_t size : shape) {
    if (size < 0 || __builtin_mul_overflow(nonzero, std::max<std::int64_t>(size, 1), &nonzero)) return std::nullopt;
    empty = empty || size == 0;
  }
  if (nonzero > kMostElements) return std::nullopt;
  if (!empty) return row_bytes(type, nonzero);
  const std::size_t most = std::max<std::size_t>(file_bytes, kMostBesideZero);
  return static_cast<std::size_t>(nonzero) <= most ? std::optional<std::size_t>(0) : std::nullopt;
}

}  // namespace linnet
