// Weights of every type, for products.
#pragma once

#include "linnet/backend/backend.h"
#include "linnet/tensor/blocks.h"
#include "linnet/tensor/storage.h"
#include "tests/backend/compare.h"

namespace linnet::testing {

struct Weight {
  std::shared_ptr<Storage> storage;
  WeightView view;
};

// A random weight of any type; block types without an encoder have random bytes and small scales.
inline Weight make_weight(DType type, std::int64_t out, std::int64_t in, WeightLayout layout, bool constant) {
  const std::int64_t rows = layout == WeightLayout::kOutIn ? out : in,
                     columns = layout == WeightLayout::kOutIn ? in : out;
  const std::size_t row_size = row_bytes(type, columns);
  Weight weight;
  weight.storage = Storage::allocate(static_cast<std::size_t>(rows) * row_size);
  std::byte* const data = weight.storage->data();
  const bool writable = !info(type).quantized || type == DType::kQ8_0 || type == DType::kQ4_1;
  if (writable) {
    quantize(type, random_floats(rows * columns, 7, 0.3F), data);
  } else {
    Rng rng(11);
    const std::size_t bytes = static_cast<std::size_t>(rows) * row_size;
    for (std::size_t i = 0; i < bytes; ++i) data[i] = static_cast<std::byte>(rng.next_u32());
    const std::size_t block = static_cast<std::size_t>(info(type).block_bytes);
    const auto tame = [&](std::size_t at) {  // a half of about 0.01
      for (std::size_t b = 0; b < bytes; b += block) {
        data[b + at] = static_cast<std::byte>(rng.next_u32());
        data[b + at + 1] = static_cast<std::byte>(0x21);
      }
    };
    tame(type == DType::kQ6_K ? 208 : type == DType::kQ3_K ? 108 : 0);
    if (type == DType::kQ5_1 || type == DType::kQ4_K || type == DType::kQ5_K) tame(2);
  }
  weight.view = {data, type, out, in, layout, weight.storage.get(), constant};
  return weight;
}

}  // namespace linnet::testing
