// The size of a tensor that a foreign file describes: the one check of shapes for every kind of file.
//
//   const auto bytes = stored_bytes(DType::kF32, {1024, 768}, file->bytes().size());
//   check(bytes.has_value(), ErrorKind::kBadInput, "{}: tensor '{}' cannot have shape {}; damaged file", …);
#pragma once

#include <cstddef>
#include <optional>

#include "linnet/tensor/tensor.h"

namespace linnet {

// Bytes of the values; nothing where the shape is one that a file of `file_bytes` cannot hold: a negative dimension, a
// product out of range, or, with a dimension of 0, others whose product no program should make room for.
std::optional<std::size_t> stored_bytes(DType type, const Shape& shape, std::size_t file_bytes);

}  // namespace linnet
