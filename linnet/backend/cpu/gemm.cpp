#include "linnet/backend/cpu/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "linnet/backend/cpu/gemm.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h: everything below is compiled once per target.
#include <algorithm>
#include <cstring>

#include "hwy/highway.h"
#include "linnet/backend/cpu/gemm.h"
#include "linnet/backend/cpu/gemm_plain.h"
#include "linnet/backend/cpu/gemm_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

int TileRows() { return kTileRows; }
const char* TileName() {
  return HWY_TARGET == HWY_AVX3   ? "AVX-512"
         : HWY_TARGET == HWY_AVX2 ? "AVX2"
         : HWY_TARGET == HWY_NEON ? "NEON"
                                  : "portable";
}

// Multiplies one block of rows, [depth][a_step], by one panel of at most 32 columns.
void MultiplyPanel(const float* a, std::int64_t a_step, int rows, const Panel& panel, std::int64_t depth, float* c,
                   std::int64_t c_stride, const float* bias, TileInit init) {
  for (std::int64_t n = 0; n < panel.columns; n += kTileColumns) {
    const TileOutput out{c + n, c_stride, bias == nullptr ? nullptr : bias + n,
                         static_cast<int>(std::min<std::int64_t>(kTileColumns, panel.columns - n)), init};
    TileOf(rows, a, a_step, panel.data + n, panel.stride, depth, out);
  }
}

void MultiplyTile(const PlainTile& t) {
  MultiplyPanel(static_cast<const float*>(t.block), kTileRows, t.rows,
                {static_cast<const float*>(t.panel), t.panel_step, t.columns}, t.depth, t.c, t.c_stride, t.bias,
                t.init);
}

// Packs steps of k of a plain matrix into blocks [depth][kWidth]; the last one is padded with zeros.
template <int kWidth>
void PackSteps(const PackedPart& p, float* to) {
  for (std::int64_t k = 0; k < p.depth; ++k, to += kWidth) {
    const float* from = p.from + k * p.stride;
    float* row = to;
    int lanes = p.lanes;
    for (; lanes >= kWidth; lanes -= kWidth, from += kWidth, row += p.block) {
      std::memcpy(row, from, sizeof(float) * kWidth);
      hwy::Prefetch(from + 4 * p.stride);  // each step may be on another page
      hwy::Prefetch(from + 4 * p.stride + kWidth / 2);
    }
    if (lanes > 0) std::fill(std::copy_n(from, lanes, row), row + kWidth, 0.0F);
  }
}

// Converts a part of a plain matrix to f32 blocks [depth][width].
void PackPart(const PackedPart& p, float* to) {
  if (!p.k_contiguous) return p.width == kTileRows ? PackSteps<kTileRows>(p, to) : PackSteps<kPanel>(p, to);
  for (int lane = 0; lane < p.lanes; lane += p.width, to += p.block) {
    const int lanes = std::min(p.width, p.lanes - lane);
    PackRows(p.from + lane * p.stride, p.stride, lanes, p.depth, to, p.width);
    for (std::int64_t k = 0; k < p.depth && lanes < p.width; ++k)
      std::fill(to + k * p.width + lanes, to + (k + 1) * p.width, 0.0F);
  }
}

// Converts 16-bit floats to f32.
void WidenBf16(const std::uint16_t* from, std::int64_t n, float* to) {
  const hn::ScalableTag<float> d;
  const hn::Rebind<std::uint16_t, decltype(d)> d16;
  const hn::RebindToUnsigned<decltype(d)> d32;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes)
    hn::StoreU(hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(d32, hn::LoadU(d16, from + i)))), d, to + i);
  for (; i < n; ++i) {
    const std::uint32_t bits = std::uint32_t{from[i]} << 16;
    std::memcpy(to + i, &bits, 4);
  }
}

// Converts `pairs` rows of 64 pairs (k, k + 1), the 32 at `from`, to rows [k][32].
void WidenPairs(const std::uint16_t* from, std::int64_t pairs, float* to) {
  const hn::CappedTag<float, 32> d;
  const hn::RebindToUnsigned<decltype(d)> d32;
  const int lanes = static_cast<int>(hn::Lanes(d));
  const auto high = hn::Set(d32, 0xFFFF0000U);
  for (std::int64_t pair = 0; pair < pairs; ++pair, from += 128, to += 2 * kPanel)
    for (int n = 0; n < kPanel; n += lanes) {
      const auto both = hn::LoadU(d32, reinterpret_cast<const std::uint32_t*>(from) + n);
      hn::StoreU(hn::BitCast(d, hn::ShiftLeft<16>(both)), d, to + n);
      hn::StoreU(hn::BitCast(d, hn::And(both, high)), d, to + kPanel + n);
    }
}

// Rounds to bf16, to nearest even; NaN stays NaN.
void NarrowBf16(const float* from, std::int64_t n, std::uint16_t* to) {
  const hn::ScalableTag<float> d;
  const hn::RebindToUnsigned<decltype(d)> d32;
  const hn::Rebind<std::uint16_t, decltype(d)> d16;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto value = hn::LoadU(d, from + i);
    const auto bits = hn::BitCast(d32, value);
    const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(d32, 1));
    const auto rounded = hn::ShiftRight<16>(hn::Add(bits, hn::Add(odd, hn::Set(d32, 0x7FFF))));
    const auto quiet = hn::Or(hn::ShiftRight<16>(bits), hn::Set(d32, 0x40));
    const auto nan = hn::RebindMask(d32, hn::IsNaN(value));
    const hn::RebindToSigned<decltype(d)> di32;
    hn::StoreU(hn::DemoteTo(d16, hn::BitCast(di32, hn::IfThenElse(nan, quiet, rounded))), d16, to + i);
  }
  for (; i < n; ++i) {
    std::uint32_t bits;
    std::memcpy(&bits, from + i, 4);
    const bool nan = (bits & 0x7FFFFFFFU) > 0x7F800000U;
    to[i] = static_cast<std::uint16_t>(nan ? bits >> 16 | 0x40 : (bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
  }
}

void WidenF16(const std::uint16_t* from, std::int64_t n, float* to) {
  const hn::ScalableTag<float> d;
  const hn::Rebind<hwy::float16_t, decltype(d)> d16;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto* const half = reinterpret_cast<const hwy::float16_t*>(from);
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(hn::PromoteTo(d, hn::LoadU(d16, half + i)), d, to + i);
  const hn::CappedTag<float, 1> one;
  const hn::Rebind<hwy::float16_t, decltype(one)> one16;
  for (; i < n; ++i) hn::StoreU(hn::PromoteTo(one, hn::LoadU(one16, half + i)), one, to + i);
}

}  // namespace HWY_NAMESPACE
}  // namespace linnet::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "linnet/backend/cpu/quantized.h"
#include "linnet/base/file.h"

namespace linnet::cpu {
HWY_EXPORT(TileRows);
HWY_EXPORT(PackRows);
HWY_EXPORT(PackPart);
HWY_EXPORT(MultiplyPanel);
HWY_EXPORT(MultiplyTile);
HWY_EXPORT(WidenBf16);
HWY_EXPORT(WidenF16);
HWY_EXPORT(WidenPairs);
HWY_EXPORT(NarrowBf16);
HWY_EXPORT(TileName);

void widen_bf16(const std::uint16_t* from, std::int64_t n, float* to) { HWY_DYNAMIC_DISPATCH(WidenBf16)(from, n, to); }
void widen_f16(const std::uint16_t* from, std::int64_t n, float* to) { HWY_DYNAMIC_DISPATCH(WidenF16)(from, n, to); }

void narrow_bf16_rows(const float* x, std::int64_t stride, std::int64_t rows, std::int64_t columns, std::uint16_t* to) {
  parallel_for(rows, std::max<std::int64_t>(1, 32768 / std::max<std::int64_t>(1, columns)),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t r = begin; r < end; ++r)
                   HWY_DYNAMIC_DISPATCH(NarrowBf16)(x + r * stride, columns, to + r * columns);
               });
}
const char* f32_kernel_name() { return HWY_DYNAMIC_DISPATCH(TileName)(); }

namespace {

constexpr std::int64_t kDepth = 192;       // of a slice: 24 KiB of a panel fit the L1 cache; short sums round less
constexpr std::int64_t kPlainDepth = 384;  // of a plain product: a block of rows and the current panels stay in cache
constexpr std::int64_t kMostRows = 480;    // rows of x packed at a time: their slice stays in the L2 cache
// Blocks of rows per piece: many, since each piece reads the whole weight, but few enough that each thread gets several
// pieces and the load is balanced.
constexpr std::int64_t kFewestBlocks = 4, kMostBlocks = 16, kPiecesAThread = 4;

}  // namespace

std::int64_t slice_depth(std::int64_t depth) {
  const std::int64_t slices = std::max<std::int64_t>(1, (depth + kDepth - 1) / kDepth);
  return std::max<std::int64_t>(32, (depth + 32 * slices - 1) / (32 * slices) * 32);  // whole blocks of a quantised row
}

namespace {

// Position of the slice from k_begin on of row block `block` in the packed rows: [slice][block][k][rows].
struct PackedRows {
  const float* data;
  std::int64_t rows, depth, block_rows;
  std::int64_t blocks() const { return (rows + block_rows - 1) / block_rows; }
  int height(std::int64_t block) const { return static_cast<int>(std::min(block_rows, rows - block * block_rows)); }
  const float* at(std::int64_t block, std::int64_t k_begin, std::int64_t k_end) const {
    return data + k_begin * rows + block * block_rows * (k_end - k_begin);
  }
};

PackedRows pack_rows(const float* x, std::int64_t stride, std::int64_t rows, std::int64_t depth) {
  PackedRows packed{x, rows, depth, HWY_DYNAMIC_DISPATCH(TileRows)()};
  if (rows == 1) return packed;
  float* const data = scratch<ScratchFor::kActivations>(rows * depth);
  packed.data = data;
  const std::int64_t slice = slice_depth(depth);
  parallel_for(packed.blocks(), std::max<std::int64_t>(1, 16384 / (packed.block_rows * depth)),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t block = begin; block < end; ++block)
                   for (std::int64_t k = 0; k < depth; k += slice) {
                     const std::int64_t k_end = std::min(depth, k + slice);
                     float* const to = data + (packed.at(block, k, k_end) - packed.data);
                     HWY_DYNAMIC_DISPATCH(PackRows)
                     (x + block * packed.block_rows * stride + k, stride, packed.height(block), k_end - k, to,
                      packed.height(block));
                   }
               });
  return packed;
}

struct Range {
  std::int64_t begin, end;
};

// Computes the units (panel, row block) of one thread, slice by slice; a panel's slice is read once.
template <class Fetch>
void multiply_units(const Product& p, const PackedRows& rows, std::int64_t out, Range units, Fetch&& fetch) {
  const std::int64_t blocks = rows.blocks(), slice = slice_depth(rows.depth);
  for (std::int64_t k = 0; k < rows.depth; k += slice) {
    const std::int64_t k_end = std::min(rows.depth, k + slice);
    std::int64_t have = -1;
    Panel data;
    for (std::int64_t unit = units.begin; unit < units.end; ++unit) {
      const std::int64_t panel = unit / blocks, block = unit % blocks, n = panel * kPanel;
      if (panel != have) data = fetch(panel, k, k_end);
      have = panel;
      const TileInit init = k > 0 || p.accumulate ? TileInit::kAdd : p.bias ? TileInit::kBias : TileInit::kZero;
      data.columns = std::min(kPanel, out - n);
      HWY_DYNAMIC_DISPATCH(MultiplyPanel)
      (rows.at(block, k, k_end), rows.height(block), rows.height(block), data, k_end - k,
       p.y + block * rows.block_rows * p.y_stride + n, p.y_stride, p.bias == nullptr ? nullptr : p.bias + n, init);
    }
  }
}

// Computes all columns for the rows [begin, end) of x, packed slice by slice into thread-local memory.
template <class Fetch>
void multiply_rows(const Product& p, std::int64_t out, std::int64_t in, Range rows, Fetch&& fetch) {
  const std::int64_t tile = HWY_DYNAMIC_DISPATCH(TileRows)(), slice = slice_depth(in);
  float* const packed = scratch<ScratchFor::kActivations>((rows.end - rows.begin) * slice);
  for (std::int64_t k = 0; k < in; k += slice) {
    const std::int64_t k_end = std::min(in, k + slice), depth = k_end - k;
    const auto height = [&](std::int64_t row) { return static_cast<int>(std::min(tile, rows.end - row)); };
    const auto at = [&](std::int64_t row) { return packed + (row - rows.begin) * depth; };
    for (std::int64_t row = rows.begin; row < rows.end; row += tile) HWY_DYNAMIC_DISPATCH(PackRows)
    (p.x + row * p.x_stride + k, p.x_stride, height(row), depth, at(row), height(row));
    const TileInit init = k > 0 || p.accumulate ? TileInit::kAdd : p.bias ? TileInit::kBias : TileInit::kZero;
    for (std::int64_t n = 0; n < out; n += kPanel) {
      Panel panel = fetch(n / kPanel, k, k_end);
      panel.columns = std::min(kPanel, out - n);
      for (std::int64_t row = rows.begin; row < rows.end; row += tile) HWY_DYNAMIC_DISPATCH(MultiplyPanel)
      (at(row), height(row), height(row), panel, depth, p.y + row * p.y_stride + n, p.y_stride,
       p.bias == nullptr ? nullptr : p.bias + n, init);
    }
  }
}

// Many rows are split by rows: each thread then reads rows that it wrote in the previous operation and does not wait
// for packed rows. Few rows are split by columns, so that a weight is read once.
template <class Fetch>
void multiply(Product p, std::int64_t out, std::int64_t in, Fetch&& fetch) {
  const std::int64_t tile = HWY_DYNAMIC_DISPATCH(TileRows)(), blocks = (p.m + tile - 1) / tile;
  if (const std::int64_t piece = blocks / (kPiecesAThread * threads()); piece >= kFewestBlocks)
    return parallel_pieces(blocks, std::min(piece, kMostBlocks), [&](std::int64_t begin, std::int64_t end) {
      multiply_rows(p, out, in, {begin * tile, std::min(p.m, end * tile)}, fetch);
    });
  for (std::int64_t row = 0; row < p.m; row += kMostRows) {
    Product part = p;
    part.m = std::min(kMostRows, p.m - row);
    part.y += row * p.y_stride;
    const PackedRows rows = pack_rows(p.x + row * p.x_stride, p.x_stride, part.m, in);
    const std::int64_t units = (out + kPanel - 1) / kPanel * rows.blocks();
    const std::int64_t unit_cost = kPanel * in * std::min(part.m, rows.block_rows);
    parallel_for(units, std::max<std::int64_t>(1, 65536 / unit_cost), [&](std::int64_t begin, std::int64_t end) {
      multiply_units(part, rows, out, {begin, end}, fetch);
    });
  }
}

}  // namespace

namespace {

// Position of element (k, n) in a packed matrix.
struct PackedLayout {
  std::int64_t panel, depth;    // columns of a panel, rows of the matrix
  std::int64_t slice, columns;  // rows of a slice, total columns of all panels
  bool pairs;
  std::int64_t at(std::int64_t k, std::int64_t n) const {
    const std::int64_t top = k / slice * slice, height = std::min(slice, depth - top);
    const std::int64_t first = top * columns + n / panel * panel * height, column = n % panel;
    k -= top;
    return pairs ? first + (k / 2 * panel + column) * 2 + k % 2 : first + k * panel + column;
  }
};

PackedLayout layout_of(DType type, std::int64_t out, std::int64_t in) {
  if (type == DType::kF32) return {64, rounded_up(in, 16), slice_depth(in), rounded_up(out, 64), false};
  const std::int64_t panel = type == DType::kBF16 ? 64 : kPanel, depth = type == DType::kBF16 ? rounded_up(in, 32) : in;
  return {panel, depth, depth, rounded_up(out, panel), type == DType::kBF16};
}

template <class T>
void pack_columns(const WeightView& w, const PackedLayout& to, Range columns, T* packed) {
  const auto* const from = static_cast<const T*>(w.data);
  const bool row = w.layout == WeightLayout::kOutIn;
  const std::int64_t step = row ? 1 : w.out;
  for (std::int64_t n = columns.begin; n < columns.end; ++n) {
    const T* const column = row ? from + n * w.in : from + n;
    for (std::int64_t top = 0; top < w.in; top += to.slice) {
      const std::int64_t end = std::min(w.in, top + to.slice);
      T* const out = packed + to.at(top, n);
      if (to.pairs)
        for (std::int64_t k = top; k < end; ++k) out[(k - top) / 2 * 2 * to.panel + k % 2] = column[k * step];
      else
        for (std::int64_t k = top; k < end; ++k) out[(k - top) * to.panel] = column[k * step];
    }
  }
}

// Transposes stored rows to columns, in tiles.
void pack_f32_rows(const WeightView& w, const PackedLayout& to, Range columns, float* packed) {
  constexpr std::int64_t kRows = 16;  // a panel is a multiple of it
  for (std::int64_t n = columns.begin; n < columns.end; n += kRows) {
    const float* const from = static_cast<const float*>(w.data) + n * w.in;
    for (std::int64_t top = 0; top < w.in; top += to.slice) HWY_DYNAMIC_DISPATCH(PackRows)
    (from + top, w.in, static_cast<int>(std::min(kRows, columns.end - n)), std::min(to.slice, w.in - top),
     packed + to.at(top, n), to.panel);
  }
}

}  // namespace

PackedMatrix pack_matrix(const WeightView& w) {
  const PackedLayout layout = layout_of(w.type, w.out, w.in);
  const std::size_t bytes = static_cast<std::size_t>(layout.columns * layout.depth) * row_bytes(w.type, 1);
  PackedMatrix packed{w.type, w.out, w.in, packed_bytes(bytes)};
  std::uint8_t* const to = packed.data.get();
  if (layout.columns > w.out || layout.depth > w.in) std::memset(to, 0, bytes);
  parallel_pieces(layout.columns / layout.panel, 1, [&](std::int64_t begin, std::int64_t end) {
    const Range columns{begin * layout.panel, std::min(w.out, end * layout.panel)};
    if (w.type == DType::kF32 && w.layout == WeightLayout::kOutIn)
      pack_f32_rows(w, layout, columns, reinterpret_cast<float*>(to));
    else if (w.type == DType::kF32)
      pack_columns(w, layout, columns, reinterpret_cast<std::uint32_t*>(to));
    else
      pack_columns(w, layout, columns, reinterpret_cast<std::uint16_t*>(to));
  });
  if (w.storage != nullptr && w.storage->mapped())
    release_pages(w.data, static_cast<std::size_t>(w.out) * row_bytes(w.type, w.in));
  return packed;
}

void multiply_packed(const Product& p, const PackedMatrix& w) {
  if (w.type == DType::kF32) {
    const auto* const data = reinterpret_cast<const float*>(w.data.get());
    const PackedLayout layout = layout_of(w.type, w.out, w.in);
    return multiply(p, w.out, w.in, [&](std::int64_t panel, std::int64_t k, std::int64_t) {
      return Panel{data + layout.at(k, panel * kPanel), layout.panel};
    });
  }
  const auto* const data = reinterpret_cast<const std::uint16_t*>(w.data.get());
  if (w.type == DType::kBF16) {
    const auto widen = HWY_DYNAMIC_DISPATCH(WidenPairs);
    const PackedLayout layout = layout_of(w.type, w.out, w.in);
    return multiply(p, w.out, w.in, [&](std::int64_t panel, std::int64_t k, std::int64_t k_end) {
      float* const to = scratch<ScratchFor::kPanel>((kDepth + 1) * kPanel);
      widen(data + layout.at(k, panel * kPanel), (k_end - k + 1) / 2, to);
      return Panel{to};
    });
  }
  multiply(p, w.out, w.in, [&](std::int64_t panel, std::int64_t k, std::int64_t k_end) {
    float* const to = scratch<ScratchFor::kPanel>(kDepth * kPanel);
    HWY_DYNAMIC_DISPATCH(WidenF16)(data + (panel * w.in + k) * kPanel, (k_end - k) * kPanel, to);
    return Panel{to};
  });
}

void multiply_exact(const Product& p, const QuantizedMatrix& w) {
  multiply(p, w.out, w.in, [&](std::int64_t panel, std::int64_t k, std::int64_t k_end) {
    float* const to = scratch<ScratchFor::kPanel>(kDepth * kPanel);
    dequantize_panel(w, panel, k, k_end, to);
    return Panel{to};
  });
}

const PlainKernel& f32_kernel() {
  static const PlainKernel kernel{HWY_DYNAMIC_DISPATCH(TileRows)(), kPlainDepth, sizeof(float),
                                  [](const PackedPart& part, void* to) {
                                    HWY_DYNAMIC_DISPATCH(PackPart)(part, static_cast<float*>(to));
                                  },
                                  [](const PlainTile& t) {
                                    HWY_DYNAMIC_DISPATCH(MultiplyTile)
                                    (t);
                                  }};
  return kernel;
}

}  // namespace linnet::cpu
#endif
