#include "linnet/backend/cpu/quantized.h"

#include <algorithm>
#include <cstring>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/tensor/blocks.h"

namespace linnet::cpu {
namespace {

using blocks::Bytes, blocks::kRun, blocks::load, blocks::Run;

struct PanelTarget {
  std::uint8_t *values, *scales, *offsets;
};

// Plain types (tensor/block_types.h): the bytes already have this order, so four are copied at a time.
void pack_plain(DType type, Bytes row, std::int64_t blocks, int r, const PanelTarget& to) {
  const BlockType& t = block_type(type);
  const int bytes = info(type).block_bytes, header = t.offset ? 4 : 2, groups = (bytes - header) / 4;
  const std::uint32_t flip = t.zero == 128 ? 0x80808080U : 0U;  // signed in the file
  for (std::int64_t b = 0; b < blocks; ++b, row += bytes) {
    std::uint8_t* const values = to.values + b * groups * 64 + r * 4;
    for (int g = 0; g < groups; ++g) {
      const std::uint32_t four = load<std::uint32_t>(row + header + 4 * g) ^ flip;
      std::memcpy(values + g * 64, &four, 4);
    }
    std::memcpy(to.scales + (b * kQuantRows + r) * 2, row, 2);
    if (t.offset) std::memcpy(to.offsets + (b * kQuantRows + r) * 2, row + 2, 2);
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

// Writes a scale or offset of a block of the panel.
void pack_scale(float value, bool wide, std::int64_t at, std::uint8_t* to) {
  if (wide) {
    std::memcpy(to + at * 4, &value, 4);
  } else {
    const std::uint16_t half = float_to_half(value);  // exact: it was an f16
    std::memcpy(to + at * 2, &half, 2);
  }
}

void pack_runs(DType type, Bytes row, std::int64_t runs, int r, const PanelTarget& to) {
  const BlockType& t = block_type(type);
  const int scales = kRun / t.scaled, runs_a_block = info(type).block_elements / kRun;
  for (std::int64_t index = 0; index < runs; ++index) {
    Run run;
    t.decode(row + index / runs_a_block * info(type).block_bytes, static_cast<int>(index % runs_a_block), run);
    pack_run_values(run, t.bits, r, to.values + index * 64 * t.bits);
    for (int s = 0; s < scales; ++s) {
      const std::int64_t at = (index * scales + s) * kQuantRows + r;
      pack_scale(run.scale[s], t.wide, at, to.scales);
      if (t.offset) pack_scale(run.offset[s], t.wide, at, to.offsets);
    }
  }
}

std::int64_t round_up(std::int64_t n, std::int64_t step) { return (n + step - 1) / step * step; }

// Start offset of each part of a panel, and its size in bytes.
struct PanelParts {
  std::int64_t scales_at, offsets_at, bytes;
};
PanelParts parts_of(const BlockType& t, std::int64_t in) {
  const std::int64_t scale_bytes = round_up(in / t.scaled * kQuantRows * (t.wide ? 4 : 2), 64);
  const std::int64_t scales_at = in * kQuantRows * t.bits / 8, offsets_at = scales_at + scale_bytes;
  return {scales_at, offsets_at, offsets_at + (t.offset ? scale_bytes : 0)};
}

}  // namespace

std::size_t quantized_bytes(DType type, std::int64_t out, std::int64_t in) {
  return static_cast<std::size_t>(round_up(out, kQuantRows) / kQuantRows * parts_of(block_type(type), in).bytes);
}

QuantizedMatrix pack_quantized(const WeightView& w) {
  const BlockType& type = block_type(w.type);
  LINNET_ASSERT(w.layout == WeightLayout::kOutIn && w.in % info(w.type).block_elements == 0);
  const PanelParts parts = parts_of(type, w.in);
  const std::int64_t panel_bytes = parts.bytes;
  QuantizedMatrix packed{w.out,       w.in,      type.bits,       type.scaled,      type.zero,
                         type.offset, type.wide, parts.scales_at, parts.offsets_at, panel_bytes,
                         {}};
  packed.data = aligned_bytes(static_cast<std::size_t>(packed.panels() * panel_bytes));
  const auto* const from = static_cast<Bytes>(w.data);
  const auto row_size = static_cast<std::int64_t>(row_bytes(w.type, w.in));
  parallel_for(packed.panels(), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t panel = begin; panel < end; ++panel) {
      auto* const values = reinterpret_cast<std::uint8_t*>(packed.data.get()) + panel * panel_bytes;
      const PanelTarget to{values, values + parts.scales_at, values + parts.offsets_at};
      const std::int64_t first = panel * kQuantRows, rows = std::min(kQuantRows, w.out - first);
      if (rows < kQuantRows) std::memset(values, 0, static_cast<std::size_t>(panel_bytes));
      for (int r = 0; r < rows; ++r) {
        const Bytes row = from + (first + r) * row_size;
        if (type.plain)
          pack_plain(w.type, row, w.in / 32, r, to);
        else
          pack_runs(w.type, row, w.in / kRun, r, to);
      }
    }
    const std::int64_t last = std::min(w.out, end * kQuantRows), first = begin * kQuantRows;
    if (w.storage != nullptr && w.storage->mapped())
      release_pages(from + first * row_size, static_cast<std::size_t>((last - first) * row_size));
  });
  return packed;
}

}  // namespace linnet::cpu
