// Element types and their properties: floats, integers, the block types of GGUF files (tensor/block_types.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "linnet/tensor/block_types.h"

namespace linnet {

enum class DType : std::uint8_t {
  kF32,
  kF16,
  kBF16,
  kF64,
  kI64,
  kI32,
  kI16,
  kI8,
  kU8,
  kBool,
#define LINNET_ENUMERATOR(name, ...) k##name,
  LINNET_BLOCK_TYPES(LINNET_ENUMERATOR)
#undef LINNET_ENUMERATOR
      kCount
};

// A block is one element, except for quantised types, whose blocks are runs of a row.
struct DTypeInfo {
  std::string_view name;  // the safetensors name if one exists, else GGUF's
  int block_elements;
  int block_bytes;
  bool floating;
  bool quantized;
  int gguf_number;       // the type's number in ggml and GGUF files; -1: none
  int gguf_file_number;  // llama.cpp's number of a file of mostly this type; -1: none
};

inline constexpr std::array kDTypes{DTypeInfo{"F32", 1, 4, true, false, 0, 0},
                                    DTypeInfo{"F16", 1, 2, true, false, 1, 1},
                                    DTypeInfo{"BF16", 1, 2, true, false, 30, 32},
                                    DTypeInfo{"F64", 1, 8, true, false, 28, -1},
                                    DTypeInfo{"I64", 1, 8, false, false, 27, -1},
                                    DTypeInfo{"I32", 1, 4, false, false, 26, -1},
                                    DTypeInfo{"I16", 1, 2, false, false, 25, -1},
                                    DTypeInfo{"I8", 1, 1, false, false, 24, -1},
                                    DTypeInfo{"U8", 1, 1, false, false, -1, -1},
                                    DTypeInfo{"BOOL", 1, 1, false, false, -1, -1},
#define LINNET_INFO(name, number, file, values, bytes, ...) DTypeInfo{#name, values, bytes, true, true, number, file},
                                    LINNET_BLOCK_TYPES(LINNET_INFO)
#undef LINNET_INFO
};
static_assert(kDTypes.size() == static_cast<std::size_t>(DType::kCount));

constexpr const DTypeInfo& info(DType type) { return kDTypes[static_cast<std::size_t>(type)]; }

// The type with that name ("BF16", "Q8_0").
constexpr std::optional<DType> dtype_named(std::string_view name) {
  for (std::size_t i = 0; i < kDTypes.size(); ++i)
    if (kDTypes[i].name == name) return static_cast<DType>(i);
  return std::nullopt;
}

// Bytes of `elements` values in a row; the caller has checked that they are whole blocks.
constexpr std::size_t row_bytes(DType type, std::int64_t elements) {
  const DTypeInfo& t = info(type);
  return static_cast<std::size_t>(elements) / static_cast<std::size_t>(t.block_elements) *
         static_cast<std::size_t>(t.block_bytes);
}

}  // namespace linnet
