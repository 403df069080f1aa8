// The size of a tensor in an untrusted file: the check of shapes for every file format.
//
//   const auto bytes = stored_bytes(DType::kF32, {1024, 768}, file->bytes().size());
//   check(bytes.has_value(), ErrorKind::kBadInput, "{}: tensor '{}' cannot have shape {}; damaged file", …);
#pragma once

#include <cstddef>
#include <optional>

#include "linnet/tensor/tensor.h"

namespace linnet {

// Bytes of the values; empty if a file of `file_bytes` cannot have this shape: a negative dimension, a product out of
// range, or a dimension of 0 with others whose product is too large.
std::optional<std::size_t> stored_bytes(DType type, const Shape& shape, std::size_t file_bytes);

}  // namespace linnet
