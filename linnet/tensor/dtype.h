// Element types: one row of facts each, floats, integers and the block types of GGUF files.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

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
  kQ4_0,
  kQ4_1,
  kQ5_0,
  kQ5_1,
  kQ8_0,
  kQ4_K,
  kQ5_K,
  kQ6_K,
  kCount
};

// A block is one element except for the quantised encodings, whose blocks run along a row.
struct DTypeInfo {
  std::string_view name;  // the safetensors spelling where one exists, GGUF's otherwise
  int block_elements;
  int block_bytes;
  bool floating;
  bool quantized;
};

inline constexpr std::array kDTypes{
    DTypeInfo{"F32", 1, 4, true, false},     DTypeInfo{"F16", 1, 2, true, false},
    DTypeInfo{"BF16", 1, 2, true, false},    DTypeInfo{"F64", 1, 8, true, false},
    DTypeInfo{"I64", 1, 8, false, false},    DTypeInfo{"I32", 1, 4, false, false},
    DTypeInfo{"I16", 1, 2, false, false},    DTypeInfo{"I8", 1, 1, false, false},
    DTypeInfo{"U8", 1, 1, false, false},     DTypeInfo{"BOOL", 1, 1, false, false},
    DTypeInfo{"Q4_0", 32, 18, true, true},   DTypeInfo{"Q4_1", 32, 20, true, true},
    DTypeInfo{"Q5_0", 32, 22, true, true},   DTypeInfo{"Q5_1", 32, 24, true, true},
    DTypeInfo{"Q8_0", 32, 34, true, true},   DTypeInfo{"Q4_K", 256, 144, true, true},
    DTypeInfo{"Q5_K", 256, 176, true, true}, DTypeInfo{"Q6_K", 256, 210, true, true},
};
static_assert(kDTypes.size() == static_cast<std::size_t>(DType::kCount));

constexpr const DTypeInfo& info(DType type) { return kDTypes[static_cast<std::size_t>(type)]; }

// The type of that name ("BF16", "Q8_0"), if there is one.
constexpr std::optional<DType> dtype_named(std::string_view name) {
  for (std::size_t i = 0; i < kDTypes.size(); ++i)
    if (kDTypes[i].name == name) return static_cast<DType>(i);
  return std::nullopt;
}

// Bytes of `elements` values in a row; the caller has checked that they fill whole blocks.
constexpr std::size_t row_bytes(DType type, std::int64_t elements) {
  const DTypeInfo& t = info(type);
  return static_cast<std::size_t>(elements) / static_cast<std::size_t>(t.block_elements) *
         static_cast<std::size_t>(t.block_bytes);
}

}  // namespace linnet
