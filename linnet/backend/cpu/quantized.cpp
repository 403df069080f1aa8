#include "linnet/backend/cpu/quantized.h"

#include <algorithm>
#include <cstring>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/tensor/blocks.h"

namespace linnet::cpu {
namespace {

using blocks::Bytes, blocks::kRun, blocks::load, blocks::Run;

// Where output `row` of a panel is packed.
struct PanelRow {
  const QuantizedMatrix& weight;
  std::uint8_t* panel;
  int row;

  std::uint8_t* record(std::int64_t block) const { return panel + block * weight.record; }
  std::uint8_t* four(std::int64_t block, int group) const { return record(block) + group * 64 + row * 4; }
  std::uint8_t* scale(std::int64_t block) const { return record(block) + weight.scales_at + row * scale_bytes(); }
  std::uint8_t* offset(std::int64_t block) const { return record(block) + weight.offsets_at + row * scale_bytes(); }
  int scale_bytes() const { return weight.wide_scales ? 4 : 2; }

  // Exact: a scale that is not wide was an f16.
  void write(float value, std::uint8_t* to) const {
    const std::uint16_t half = float_to_half(value);
    weight.wide_scales ? std::memcpy(to, &value, 4) : std::memcpy(to, &half, 2);
  }
};

// Plain types (tensor/block_types.h): the bytes already have this order, so four are copied at a time.
void pack_plain(DType type, Bytes row, const PanelRow& to) {
  const BlockType& t = block_type(type);
  const int bytes = info(type).block_bytes, header = t.offset ? 4 : 2, groups = (bytes - header) / 4;
  const std::uint32_t flip = t.zero == 128 ? 0x80808080U : 0U;  // signed in the file
  for (std::int64_t b = 0; b < to.weight.blocks(); ++b, row += bytes) {
    for (int g = 0; g < groups; ++g) {
      const std::uint32_t four = load<std::uint32_t>(row + header + 4 * g) ^ flip;
      std::memcpy(to.four(b, g), &four, 4);
    }
    std::memcpy(to.scale(b), row, 2);
    if (t.offset) std::memcpy(to.offset(b), row + 2, 2);
  }
}

// Blocks first … of a run of 32 values.
void pack_run(const Run& run, const BlockType& type, std::int64_t first, const PanelRow& to) {
  const int block = to.weight.block;
  for (int i = 0; i < kRun; ++i) {
    const int within = i % block;
    if (type.bits == 8)
      to.four(first + i / block, within / 4)[within % 4] = run.q[i];
    else if (i < 16)
      to.four(first, i / 4)[i % 4] = static_cast<std::uint8_t>(run.q[i] | run.q[i + 16] << 4);
  }
  for (int part = 0; part < kRun / block; ++part) {
    to.write(run.scale[part], to.scale(first + part));
    if (type.offset) to.write(run.offset[part], to.offset(first + part));
  }
}

void pack_runs(DType type, Bytes row, const PanelRow& to) {
  const BlockType& t = block_type(type);
  const int runs_a_block = info(type).block_elements / kRun, blocks_a_run = kRun / to.weight.block;
  for (std::int64_t index = 0; index < to.weight.in / kRun; ++index) {
    Run run;
    t.decode(row + index / runs_a_block * info(type).block_bytes, static_cast<int>(index % runs_a_block), run);
    pack_run(run, t, index * blocks_a_run, to);
  }
}

QuantizedMatrix layout_of(DType type, std::int64_t out, std::int64_t in) {
  const BlockType& t = block_type(type);
  const int values = static_cast<int>(kQuantRows) * t.scaled * t.bits / 8, scales = kQuantRows * (t.wide ? 4 : 2);
  const int offsets_at = values + scales;
  return {out, in, t.bits, t.scaled, t.zero, t.offset, t.wide, values, offsets_at, offsets_at + (t.offset ? scales : 0),
          {}};
}

}  // namespace

std::size_t quantized_bytes(DType type, std::int64_t out, std::int64_t in) {
  const QuantizedMatrix layout = layout_of(type, out, in);
  return static_cast<std::size_t>(layout.panels() * layout.panel_bytes());
}

QuantizedMatrix pack_quantized(const WeightView& w) {
  const BlockType& type = block_type(w.type);
  LINNET_ASSERT(w.layout == WeightLayout::kOutIn && w.in % info(w.type).block_elements == 0);
  QuantizedMatrix packed = layout_of(w.type, w.out, w.in);
  packed.data = packed_bytes(quantized_bytes(w.type, w.out, w.in));
  const auto* const from = static_cast<Bytes>(w.data);
  const auto row_size = static_cast<std::int64_t>(row_bytes(w.type, w.in));
  parallel_for(packed.panels(), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t panel = begin; panel < end; ++panel) {
      std::uint8_t* const to = packed.data.get() + panel * packed.panel_bytes();
      const std::int64_t first = panel * kQuantRows, rows = std::min(kQuantRows, w.out - first);
      if (rows < kQuantRows) std::memset(to, 0, static_cast<std::size_t>(packed.panel_bytes()));
      for (int r = 0; r < rows; ++r)
        (type.plain ? pack_plain : pack_runs)(w.type, from + (first + r) * row_size, {packed, to, r});
    }
    const std::int64_t last = std::min(w.out, end * kQuantRows), first = begin * kQuantRows;
    if (w.storage != nullptr && w.storage->mapped())
      release_pages(from + first * row_size, static_cast<std::size_t>((last - first) * row_size));
  });
  return packed;
}

}  // namespace linnet::cpu
