#include "linnet/backend/cpu/gemm_plain.h"

#include <algorithm>

#include "linnet/backend/cpu/gemm_onednn.h"
#include "linnet/base/error.h"

namespace linnet::cpu {
namespace {

// Of a (rows) and b (columns) packed at a time: with a slice of k, what the last-level cache holds.
constexpr std::int64_t kMostLanes = 3072;
// What a thread multiplies at a time: so many blocks of a stay in the second-level cache while panels of b pass.
constexpr std::int64_t kBlocksAtOnce = 4, kPanelsAtOnce = 24;
// What a thread packs at a time, read in the order of memory: blocks of whole rows, or steps of k for all lanes.
constexpr std::int64_t kBlocksPacked = 4, kStepsPacked = 32;

std::int64_t pieces(std::int64_t n, std::int64_t piece) { return (n + piece - 1) / piece; }

// Rows of a, or columns of b, in blocks of `width` lanes over one slice of k.
struct Operand {
  const float* from;
  std::int64_t stride;
  bool k_contiguous;
  std::int64_t lanes, width, depth, bytes;  // bytes of a packed value
  std::byte* packed;

  std::int64_t blocks() const { return pieces(lanes, width); }
  std::int64_t block() const { return rounded_up(depth, 2) * width; }
  int lanes_of(std::int64_t i) const { return static_cast<int>(std::min(width, lanes - i * width)); }
  std::byte* at(std::int64_t i) const { return packed + i * block() * bytes; }

  std::int64_t jobs() const { return k_contiguous ? pieces(blocks(), kBlocksPacked) : pieces(depth, kStepsPacked); }
  void pack(const PlainKernel& kernel, std::int64_t job) const {
    PackedPart part{from, stride, k_contiguous, static_cast<int>(lanes), static_cast<int>(width), depth, block()};
    std::byte* to = packed;
    if (k_contiguous) {
      const std::int64_t first = job * kBlocksPacked;
      part.from += first * width * stride;
      part.lanes = static_cast<int>(std::min(kBlocksPacked * width, lanes - first * width));
      to = at(first);
    } else {
      const std::int64_t first = job * kStepsPacked;
      part.from += first * stride;
      part.depth = std::min(kStepsPacked, depth - first);
      to += first * width * bytes;
    }
    kernel.pack(part, to);
  }
};

// One range of rows by one of columns over a slice of k.
class Slice {
 public:
  Slice(const PlainProduct& p, const PlainKernel& kernel) : p_(p), kernel_(kernel) {}

  void run(std::int64_t k, std::int64_t depth, std::int64_t n, std::int64_t m) {
    add_ = k > 0 || p_.beta != 0.0F;
    c_ = p_.c + m * p_.ldc + n;
    const auto operand = [&](const float* x, std::int64_t ld, bool k_contiguous, std::int64_t first, std::int64_t count,
                             std::int64_t width) {
      const float* const from = k_contiguous ? x + first * ld + k : x + k * ld + first;
      return Operand{from, ld, k_contiguous, std::min(kMostLanes, count - first), width, depth, kernel_.bytes, nullptr};
    };
    a_ = operand(p_.a, p_.lda, !p_.transpose_a, m, p_.m, kernel_.rows);
    a_.packed = scratch<ScratchFor::kActivations, std::byte>(a_.blocks() * a_.block() * a_.bytes);
    b_ = operand(p_.b, p_.ldb, p_.transpose_b, n, p_.n, kPanel);
    b_.packed = scratch<ScratchFor::kPanel, std::byte>(b_.blocks() * b_.block() * b_.bytes);
    const std::int64_t of_a = a_.jobs(), of_b = m == 0 ? b_.jobs() : 0;  // other rows, the same columns: packed already
    parallel_pieces(of_a + of_b, 1, [&](std::int64_t begin, std::int64_t end) {
      for (; begin < end; ++begin) begin < of_a ? a_.pack(kernel_, begin) : b_.pack(kernel_, begin - of_a);
    });
    multiply();
  }

 private:
  void multiply() const {
    const std::int64_t tall = pieces(a_.blocks(), kBlocksAtOnce);
    std::int64_t panels = kPanelsAtOnce;
    while (panels > 1 && tall * pieces(b_.blocks(), panels) < 2 * threads()) panels /= 2;  // work for everybody
    parallel_pieces(tall * pieces(b_.blocks(), panels), 1, [&](std::int64_t begin, std::int64_t end) {
      for (; begin < end; ++begin) {
        const std::int64_t block = begin % tall * kBlocksAtOnce, panel = begin / tall * panels;
        multiply(block, std::min(a_.blocks(), block + kBlocksAtOnce), panel, std::min(b_.blocks(), panel + panels));
      }
    });
  }

  void multiply(std::int64_t block, std::int64_t block_end, std::int64_t panel, std::int64_t panel_end) const {
    for (; panel < panel_end; ++panel)
      for (std::int64_t i = block; i < block_end; ++i)
        kernel_.multiply(a_.at(i), a_.lanes_of(i), b_.at(panel), a_.depth, b_.lanes_of(panel),
                         c_ + i * kernel_.rows * p_.ldc + panel * kPanel, p_.ldc, add_);
  }

  const PlainProduct& p_;
  const PlainKernel& kernel_;
  Operand a_{}, b_{};
  float* c_ = nullptr;
  bool add_ = false;
};

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
  Slice slice(p, kernel);
  const std::int64_t depth = rounded_up(pieces(p.k, pieces(p.k, kernel.depth)), 32);  // slices of one size
  for (std::int64_t n = 0; n < p.n; n += kMostLanes)
    for (std::int64_t k = 0; k < p.k; k += depth)
      for (std::int64_t m = 0; m < p.m; m += kMostLanes) slice.run(k, std::min(depth, p.k - k), n, m);
}

void multiply_plain(const PlainProduct& p) {
  if (p.m == 0 || p.n == 0) return;
  if (p.k == 0 || p.alpha == 0.0F) return scale_c(p, p.beta);
  if (multiply_plain_onednn(p)) return;
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

}  // namespace linnet::cpu
