#include "linnet/backend/cpu/quantized.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "linnet/base/error.h"
#include "linnet/base/file.h"

namespace linnet::cpu {
namespace {

// Block layouts: ggml-common.h of llama.cpp (block_q4_0 … block_q6_K), read as a format description.
struct Shape {
  int bits, block, zero_point;
  bool affine, wide_scales;
};

Shape shape_of(DType type) {
  switch (type) {
    case DType::kQ4_0:
      return {4, 32, 8, false, false};
    case DType::kQ4_1:
      return {4, 32, 0, true, false};
    case DType::kQ5_0:
      return {8, 32, 16, false, false};
    case DType::kQ5_1:
      return {8, 32, 0, true, false};
    case DType::kQ8_0:
      return {8, 32, 128, false, false};
    case DType::kQ4_K:
      return {4, 32, 0, true, true};
    case DType::kQ5_K:
      return {8, 32, 0, true, true};
    case DType::kQ6_K:
      return {8, 16, 32, false, true};
    default:
      fail(ErrorKind::kInvalidArgument, "[quantized] {} is no block type", info(type).name);
  }
}

using Bytes = const std::uint8_t*;

template <class T>
T read(Bytes from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// Exact for every half: the exponent is moved by a multiplication, infinities and NaN (broken files) stay what they
// are.
float half(Bytes from) {
  const auto bits = read<std::uint16_t>(from);
  const std::uint32_t sign = std::uint32_t{bits & 0x8000U} << 16, rest = bits & 0x7FFFU;
  if (rest >= 0x7C00) return std::bit_cast<float>(sign | 0x7F800000U | (rest & 0x3FFU) << 13);
  return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(std::bit_cast<float>(rest << 13) * 0x1p112F));
}

// A run of 32 (or twice 16) weights of the wider types: values, and scale and offset of each block.
struct Run {
  std::uint8_t q[32];
  float scale[2], offset[2];
};

// The 6-bit scale and minimum number j of a Q4_K or Q5_K block.
void k_scales(Bytes packed, int j, int* scale, int* minimum) {
  if (j < 4) {
    *scale = packed[j] & 63;
    *minimum = packed[j + 4] & 63;
  } else {
    *scale = (packed[j + 4] & 15) | (packed[j - 4] >> 6) << 4;
    *minimum = packed[j + 4] >> 4 | (packed[j] >> 6) << 4;
  }
}

void read_q5(Bytes block, bool affine, Run& run) {
  const auto high = read<std::uint32_t>(block + (affine ? 4 : 2));
  const Bytes q = block + (affine ? 8 : 6);
  for (int i = 0; i < 16; ++i) {
    run.q[i] = static_cast<std::uint8_t>((q[i] & 15) | (high >> i & 1) << 4);
    run.q[i + 16] = static_cast<std::uint8_t>(q[i] >> 4 | (high >> (i + 16) & 1) << 4);
  }
}

void read_k45(Bytes block, int j, bool five, Run& run) {
  int scale = 0, minimum = 0;
  k_scales(block + 4, j, &scale, &minimum);
  run.scale[0] = half(block) * static_cast<float>(scale);
  run.offset[0] = -(half(block + 2) * static_cast<float>(minimum));
  const Bytes low = block + (five ? 48 : 16) + j / 2 * 32, high = block + 16;
  for (int i = 0; i < 32; ++i) {
    const int nibble = j % 2 == 0 ? low[i] & 15 : low[i] >> 4;
    run.q[i] = static_cast<std::uint8_t>(five ? nibble | (high[i] >> j & 1) << 4 : nibble);
  }
}

void read_q6_k(Bytes block, int j, Run& run) {
  const int half_block = j / 4, quarter = j % 4;
  const Bytes low = block + half_block * 64 + quarter % 2 * 32, high = block + 128 + half_block * 32;
  for (int i = 0; i < 32; ++i) {
    const int nibble = quarter < 2 ? low[i] & 15 : low[i] >> 4;
    run.q[i] = static_cast<std::uint8_t>(nibble | (high[i] >> 2 * quarter & 3) << 4);
  }
  const float scale = half(block + 208);
  for (int s = 0; s < 2; ++s)
    run.scale[s] = scale * static_cast<float>(static_cast<std::int8_t>(block[192 + half_block * 8 + quarter * 2 + s]));
}

// Run `index` of a row of a type whose values have to be taken apart.
void read_run(DType type, Bytes row, std::int64_t index, Run& run) {
  const auto block_at = [&](std::int64_t runs_a_block) { return row + index / runs_a_block * info(type).block_bytes; };
  const int j = static_cast<int>(index % 8);
  switch (type) {
    case DType::kQ5_0:
      return read_q5(block_at(1), false, run);
    case DType::kQ5_1:
      return read_q5(block_at(1), true, run);
    case DType::kQ4_K:
      return read_k45(block_at(8), j, false, run);
    case DType::kQ5_K:
      return read_k45(block_at(8), j, true, run);
    default:
      return read_q6_k(block_at(8), j, run);
  }
}

struct PanelTarget {
  std::uint8_t *values, *scales, *offsets;
};

// Types whose bytes are already in this order within a block: four bytes at a time go to their place.
void pack_plain(DType type, Bytes row, std::int64_t blocks, int r, const PanelTarget& to) {
  const int bytes = info(type).block_bytes;
  const bool affine = type == DType::kQ4_1;
  const int header = affine ? 4 : 2, groups = (bytes - header) / 4;
  const std::uint32_t flip = type == DType::kQ8_0 ? 0x80808080U : 0U;
  for (std::int64_t b = 0; b < blocks; ++b, row += bytes) {
    std::uint8_t* const values = to.values + b * groups * 64 + r * 4;
    for (int g = 0; g < groups; ++g) {
      const std::uint32_t four = read<std::uint32_t>(row + header + 4 * g) ^ flip;
      std::memcpy(values + g * 64, &four, 4);
    }
    std::memcpy(to.scales + (b * kQuantRows + r) * 2, row, 2);
    if (affine) std::memcpy(to.offsets + (b * kQuantRows + r) * 2, row + 2, 2);
  }
}

void pack_run_values(const Run& run, int bits, int r, std::uint8_t* values) {
  for (int i = 0; i < 32; ++i) {
    if (bits == 8) {
      values[i / 4 * 64 + r * 4 + i % 4] = run.q[i];
    } else if (i < 16) {
      values[i / 4 * 64 + r * 4 + i % 4] = static_cast<std::uint8_t>(run.q[i] | run.q[i + 16] << 4);
    }
  }
}

void pack_runs(DType type, const Shape& shape, Bytes row, std::int64_t runs, int r, const PanelTarget& to) {
  const int a_run = 32 / shape.block;
  for (std::int64_t index = 0; index < runs; ++index) {
    Run run;
    read_run(type, row, index, run);
    pack_run_values(run, shape.bits, r, to.values + index * 64 * shape.bits);
    if (shape.wide_scales) {
      for (int s = 0; s < a_run; ++s) {
        const std::int64_t at = ((index * a_run + s) * kQuantRows + r) * 4;
        std::memcpy(to.scales + at, &run.scale[s], 4);
        if (shape.affine) std::memcpy(to.offsets + at, &run.offset[s], 4);
      }
    } else {
      const Bytes block = row + index * info(type).block_bytes;
      std::memcpy(to.scales + (index * kQuantRows + r) * 2, block, 2);
      if (shape.affine) std::memcpy(to.offsets + (index * kQuantRows + r) * 2, block + 2, 2);
    }
  }
}

std::int64_t round_up(std::int64_t n, std::int64_t step) { return (n + step - 1) / step * step; }

// Of a panel: where its parts begin, and its bytes.
struct PanelParts {
  std::int64_t scales_at, offsets_at, bytes;
};
PanelParts parts_of(const Shape& shape, std::int64_t in) {
  const std::int64_t scale_bytes = round_up(in / shape.block * kQuantRows * (shape.wide_scales ? 4 : 2), 64);
  const std::int64_t scales_at = in * kQuantRows * shape.bits / 8, offsets_at = scales_at + scale_bytes;
  return {scales_at, offsets_at, offsets_at + (shape.affine ? scale_bytes : 0)};
}

}  // namespace

std::size_t quantized_bytes(DType type, std::int64_t out, std::int64_t in) {
  return static_cast<std::size_t>(round_up(out, kQuantRows) / kQuantRows * parts_of(shape_of(type), in).bytes);
}

QuantizedMatrix pack_quantized(const WeightView& w) {
  const Shape shape = shape_of(w.type);
  LINNET_ASSERT(w.layout == WeightLayout::kOutIn && w.in % info(w.type).block_elements == 0);
  const PanelParts parts = parts_of(shape, w.in);
  const std::int64_t panel_bytes = parts.bytes;
  QuantizedMatrix packed{w.out,
                         w.in,
                         shape.bits,
                         shape.block,
                         shape.zero_point,
                         shape.affine,
                         shape.wide_scales,
                         parts.scales_at,
                         parts.offsets_at,
                         panel_bytes,
                         {}};
  packed.data = aligned_bytes(static_cast<std::size_t>(packed.panels() * panel_bytes));
  const auto* const from = static_cast<Bytes>(w.data);
  const auto row_size = static_cast<std::int64_t>(row_bytes(w.type, w.in));
  const bool plain = w.type == DType::kQ4_0 || w.type == DType::kQ4_1 || w.type == DType::kQ8_0;
  parallel_for(packed.panels(), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t panel = begin; panel < end; ++panel) {
      auto* const values = reinterpret_cast<std::uint8_t*>(packed.data.get()) + panel * panel_bytes;
      const PanelTarget to{values, values + parts.scales_at, values + parts.offsets_at};
      const std::int64_t first = panel * kQuantRows, rows = std::min(kQuantRows, w.out - first);
      if (rows < kQuantRows) std::memset(values, 0, static_cast<std::size_t>(panel_bytes));
      for (int r = 0; r < rows; ++r) {
        const Bytes row = from + (first + r) * row_size;
        if (plain)
          pack_plain(w.type, row, w.in / 32, r, to);
        else
          pack_runs(w.type, shape, row, w.in / 32, r, to);
      }
    }
    const std::int64_t last = std::min(w.out, end * kQuantRows), first = begin * kQuantRows;
    if (w.storage != nullptr && w.storage->mapped())
      release_pages(from + first * row_size, static_cast<std::size_t>((last - first) * row_size));
  });
  return packed;
}

}  // namespace linnet::cpu
