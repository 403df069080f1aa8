#include "linnet/backend/cpu/gemm_plain.h"

#include <algorithm>

#include "linnet/base/error.h"

namespace linnet::cpu {
namespace {

// Columns of b packed at a time: with a slice of k they fit the last-level cache.
constexpr std::int64_t kMostColumns = 3072;
// Blocks of a that a thread packs at a time.
constexpr std::int64_t kMostBlocks = 4;
constexpr std::int64_t kPiecesPerThread = 4;  // for load balance
constexpr std::int64_t kPanelsPacked = 4;     // per thread at a time

std::int64_t pieces(std::int64_t n, std::int64_t piece) { return (n + piece - 1) / piece; }

// Rows of a, or columns of b, over one slice of k, to be packed in blocks of `width` lanes.
struct Operand {
  const float* from;
  std::int64_t stride;
  bool k_contiguous;
  std::int64_t lanes, width, depth, bytes;  // bytes of a packed value

  std::int64_t blocks() const { return pieces(lanes, width); }
  std::int64_t block() const { return rounded_up(depth, 2) * width; }
  std::int64_t block_bytes() const { return block() * bytes; }
  int lanes_of(std::int64_t i) const { return static_cast<int>(std::min(width, lanes - i * width)); }
  void pack(const PlainKernel& kernel, std::int64_t first, std::int64_t end, std::byte* to) const {
    kernel.pack(
        {from + first * width * (k_contiguous ? stride : 1), stride, k_contiguous,
         static_cast<int>(std::min(end * width, lanes) - first * width), static_cast<int>(width), depth, block()},
        to);
  }
};

// Panels of kPanel columns over one slice of k.
struct Panels {
  const std::byte* data;
  std::int64_t count, columns;
  std::int64_t step;                   // kernel lanes between two steps of k
  std::int64_t group, apart, between;  // byte distance of panels within a group, and of groups

  const std::byte* at(std::int64_t i) const { return data + i / group * apart + i % group * between; }
  std::int64_t columns_of(std::int64_t i) const { return std::min(kPanel, columns - i * kPanel); }
};

// Product of all rows of a and a range of columns over a slice of k.
class Slice {
 public:
  struct Result {
    float* c;
    std::int64_t stride;
    const float* bias;
    TileInit init;
  };
  Slice(const PlainKernel& kernel, const Operand& a, const Panels& b, const Result& to)
      : kernel_(kernel), a_(a), b_(b), to_(to) {}

  void run() const {
    const std::int64_t at_once = std::clamp<std::int64_t>(a_.blocks() / (kPiecesPerThread * threads()), 1, kMostBlocks);
    if (a_.blocks() >= 2 * threads() || b_.count == 1) {
      parallel_pieces(a_.blocks(), at_once, [&](std::int64_t begin, std::int64_t end) {
        multiply({begin, end}, packed({begin, end}), {0, b_.count});
      });
      return;
    }
    const Range all{0, a_.blocks()};  // few rows: every thread needs all of them
    const std::byte* const rows = packed(all);
    const std::int64_t panels = std::max<std::int64_t>(1, b_.count / (kPiecesPerThread * threads()));
    parallel_pieces(b_.count, panels, [&](std::int64_t begin, std::int64_t end) { multiply(all, rows, {begin, end}); });
  }

 private:
  struct Range {
    std::int64_t begin, end;
  };

  // Packs into memory of the calling thread.
  const std::byte* packed(Range blocks) const {
    auto* const to = scratch<ScratchFor::kActivations, std::byte>((blocks.end - blocks.begin) * a_.block_bytes());
    a_.pack(kernel_, blocks.begin, blocks.end, to);
    return to;
  }

  void multiply(Range blocks, const std::byte* a, Range panels) const {
    // The inner loop is over panels: c is written from left to right, one page at a time.
    for (std::int64_t i = blocks.begin; i < blocks.end; ++i)
      for (std::int64_t panel = panels.begin; panel < panels.end; ++panel)
        kernel_.multiply({a + (i - blocks.begin) * a_.block_bytes(), a_.lanes_of(i), b_.at(panel), b_.step, a_.depth,
                          b_.columns_of(panel), to_.c + i * kernel_.rows * to_.stride + panel * kPanel, to_.stride,
                          to_.bias == nullptr ? nullptr : to_.bias + panel * kPanel, to_.init});
  }

  const PlainKernel& kernel_;
  const Operand& a_;
  const Panels& b_;
  const Result& to_;
};

// Few rows: b is read once, in place. Whole panels of f32 with k in the row stride.
constexpr std::int64_t kFewBlocks = 2;
bool multiplies_in_place(const PlainKernel& kernel, const Operand& a, const Operand& b) {
  return kernel.bytes == sizeof(float) && !b.k_contiguous && a.blocks() <= kFewBlocks && b.lanes % kPanel == 0;
}

Panels panels_in_place(const Operand& b) {
  return {reinterpret_cast<const std::byte*>(b.from), b.blocks(), b.lanes, b.stride, 1, kPanel * b.bytes, 0};
}

Panels pack_panels(const PlainKernel& kernel, const Operand& b) {
  auto* const to = scratch<ScratchFor::kPanel, std::byte>(b.blocks() * b.block_bytes());
  parallel_pieces(b.blocks(), kPanelsPacked, [&](std::int64_t begin, std::int64_t end) {
    b.pack(kernel, begin, end, to + begin * b.block_bytes());
  });
  return {to, b.blocks(), b.lanes, kPanel, 1, b.block_bytes(), 0};
}

// Steps of k per slice; slices have equal size.
std::int64_t slice_steps(const PlainKernel& kernel, std::int64_t k) {
  return rounded_up(pieces(k, pieces(k, kernel.depth)), 32);
}

void scale_c(const PlainProduct& p, float factor) {
  for (std::int64_t i = 0; i < p.m; ++i)
    for (std::int64_t j = 0; j < p.n; ++j) {
      float& c = p.c[i * p.ldc + j];
      c = factor == 0.0F ? 0.0F : factor * c;
    }
}

}  // namespace

void multiply_plain_with(const PlainKernel& kernel, const PlainProduct& p) {
  LINNET_ASSERT(p.k > 0 && p.alpha == 1.0F && (p.beta == 0.0F || p.beta == 1.0F));
  const std::int64_t most = slice_steps(kernel, p.k);
  for (std::int64_t n = 0; n < p.n; n += kMostColumns)
    for (std::int64_t k = 0; k < p.k; k += most) {
      const std::int64_t depth = std::min(most, p.k - k);
      const Operand a{
          p.a + k * (p.transpose_a ? p.lda : 1), p.lda, !p.transpose_a, p.m, kernel.rows, depth, kernel.bytes};
      const Operand b{p.transpose_b ? p.b + n * p.ldb + k : p.b + k * p.ldb + n,
                      p.ldb,
                      p.transpose_b,
                      std::min(kMostColumns, p.n - n),
                      kPanel,
                      depth,
                      kernel.bytes};
      const bool add = k > 0 || p.beta != 0.0F;
      const Slice::Result to{p.c + n, p.ldc, nullptr, add ? TileInit::kAdd : TileInit::kZero};
      Slice(kernel, a, multiplies_in_place(kernel, a, b) ? panels_in_place(b) : pack_panels(kernel, b), to).run();
    }
}

void multiply_plain(const PlainProduct& p) {
  if (p.m == 0 || p.n == 0) return;
  if (p.k == 0 || p.alpha == 0.0F) return scale_c(p, p.beta);
  // alpha (a b + (beta / alpha) c)
  PlainProduct plain = p;
  plain.alpha = 1.0F;
  plain.beta = p.beta == 0.0F ? 0.0F : 1.0F;
  if (plain.beta != 0.0F && p.beta != p.alpha) scale_c(p, p.beta / p.alpha);
  multiply_plain_with(f32_kernel(), plain);
  if (p.alpha != 1.0F) scale_c(p, p.alpha);
}

bool multiply_plain_bf16(const PlainProduct& p) {
  constexpr std::int64_t kLeast = std::int64_t{1} << 20;
  const PlainKernel* const kernel = bf16_kernel();
  if (kernel == nullptr || p.m * p.n * p.k < kLeast || p.alpha != 1.0F || (p.beta != 0.0F && p.beta != 1.0F))
    return false;
  multiply_plain_with(*kernel, p);
  return true;
}

namespace {

// Columns of a packed bf16 weight as gemm.h describes them: panels of 64, pairs of k.
constexpr std::int64_t kWide = 2 * kPanel;

TileInit init_of(const Product& p, std::int64_t k) {
  return k > 0 || p.accumulate ? TileInit::kAdd : p.bias ? TileInit::kBias : TileInit::kZero;
}

// Few rows: a thread reads its columns of the weights once, over all k. Slices of k are summed as for many rows.
void multiply_few_bf16(const PlainKernel& kernel, std::span<const PackedProduct> products, std::int64_t most) {
  const Product& x = products.front().product;
  const std::int64_t in = products.front().weight->in, column = rounded_up(in, 32) * kernel.bytes;
  const std::int64_t lanes = x.m == 1 ? 1 : kernel.rows, slice_bytes = lanes * most * kernel.bytes;
  auto* const rows = scratch<ScratchFor::kActivations, std::byte>(pieces(in, most) * slice_bytes);
  for (std::int64_t k = 0; k < in; k += most) {
    const Operand a{x.x + k, x.x_stride, true, x.m, lanes, std::min(most, in - k), kernel.bytes};
    a.pack(kernel, 0, 1, rows + k / most * slice_bytes);
  }
  const bool wide = x.m <= kernel.rows / 2;
  const auto multiply = x.m == 1 ? kernel.multiply_row : wide ? kernel.multiply_wide : kernel.multiply;
  const std::int64_t width = wide ? kWide : kPanel;
  const auto run = [&](const Product& p, const PackedMatrix& w, std::int64_t panel) {
    for (std::int64_t n = panel * kWide; n < std::min((panel + 1) * kWide, w.out); n += width)
      for (std::int64_t k = 0; k < in; k += most) {
        const std::uint8_t* const data =
            w.data.get() + n / kWide * kWide * column + (k * kWide + n % kWide * 2) * kernel.bytes;
        multiply({rows + k / most * slice_bytes, static_cast<int>(p.m), data, kWide, std::min(most, in - k),
                  std::min(width, w.out - n), p.y + n, p.y_stride, p.bias == nullptr ? nullptr : p.bias + n,
                  init_of(p, k)});
      }
  };
  std::int64_t panels = 0;
  for (const PackedProduct& one : products) panels += pieces(one.weight->out, kWide);
  const std::int64_t grain = std::max<std::int64_t>(1, panels / (kPiecesPerThread * threads()));
  parallel_pieces(panels, grain, [&](std::int64_t begin, std::int64_t end) {
    for (const PackedProduct& one : products) {
      const std::int64_t own = pieces(one.weight->out, kWide);
      for (std::int64_t panel = std::max<std::int64_t>(0, begin); panel < std::min(own, end); ++panel)
        run(one.product, *one.weight, panel);
      begin -= own;
      end -= own;
    }
  });
}

void multiply_many_bf16(const PlainKernel& kernel, const Product& p, const PackedMatrix& w, std::int64_t most) {
  const std::int64_t column = rounded_up(w.in, 32) * kernel.bytes;
  for (std::int64_t n = 0; n < w.out; n += kMostColumns)
    for (std::int64_t k = 0; k < w.in; k += most) {
      const std::int64_t depth = std::min(most, w.in - k), columns = std::min(kMostColumns, w.out - n);
      const Operand a{p.x + k, p.x_stride, true, p.m, kernel.rows, depth, kernel.bytes};
      const Panels b{reinterpret_cast<const std::byte*>(w.data.get()) + n * column + k * kWide * kernel.bytes,
                     pieces(columns, kPanel),
                     columns,
                     kWide,
                     2,
                     kWide * column,
                     kPanel * 2 * kernel.bytes};
      Slice(kernel, a, b, {p.y + n, p.y_stride, p.bias == nullptr ? nullptr : p.bias + n, init_of(p, k)}).run();
    }
}

}  // namespace

bool multiply_packed_bf16(std::span<const PackedProduct> products) {
  const PlainKernel* const kernel = bf16_kernel();
  if (kernel == nullptr || products.front().weight->type != DType::kBF16) return false;
  const std::int64_t most = slice_steps(*kernel, products.front().weight->in);
  if (products.front().product.m <= kernel->rows) {
    multiply_few_bf16(*kernel, products, most);
    return true;
  }
  for (const PackedProduct& one : products) multiply_many_bf16(*kernel, one.product, *one.weight, most);
  return true;
}

}  // namespace linnet::cpu
