#include "linnet/backend/cpu/gemm_onednn.h"

#include <algorithm>

#ifndef LINNET_NO_ONEDNN
#include <compare>
#include <dnnl.hpp>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#endif

namespace linnet::cpu {

#ifdef LINNET_NO_ONEDNN

void multiply_plain(const PlainProduct& p) {
  // alpha op(a) in rows, then panels of op(b) are gathered for our own product.
  const float* a = p.a;
  std::int64_t stride = p.lda;
  if (p.transpose_a || p.alpha != 1.0F) {
    float* const rows = scratch<ScratchFor::kTransposed>(p.m * p.k);
    for (std::int64_t i = 0; i < p.m; ++i)
      for (std::int64_t k = 0; k < p.k; ++k)
        rows[i * p.k + k] = p.alpha * (p.transpose_a ? p.a[k * p.lda + i] : p.a[i * p.lda + k]);
    a = rows;
    stride = p.k;
  }
  for (std::int64_t i = 0; i < p.m && p.beta != 0.0F && p.beta != 1.0F; ++i)
    for (std::int64_t j = 0; j < p.n; ++j) p.c[i * p.ldc + j] *= p.beta;
  const std::int64_t n_step = p.transpose_b ? p.ldb : 1, k_step = p.transpose_b ? 1 : p.ldb;
  multiply_panels({a, stride, p.m, nullptr, p.c, p.ldc, p.beta != 0.0F}, p.n, p.k,
                  [&](std::int64_t panel, std::int64_t k_begin, std::int64_t k_end, float* out) {
                    const std::int64_t n = panel * kPanel, columns = std::min(kPanel, p.n - n);
                    for (std::int64_t k = k_begin; k < k_end; ++k, out += kPanel)
                      for (std::int64_t j = 0; j < kPanel; ++j)
                        out[j] = j < columns ? p.b[(n + j) * n_step + k * k_step] : 0.0F;
                  });
}

bool bf16_products() { return false; }
bool multiply_onednn(const Product&, const PackedMatrix&) { return false; }
bool multiply_plain_bf16(const PlainProduct&) { return false; }
const char* onednn_version() { return "none"; }

#else

void multiply_plain(const PlainProduct& p) {
  if (p.m == 0 || p.n == 0) return;
  if (p.k == 0) {  // a sum of nothing, which dnnl_sgemm leaves out
    for (std::int64_t i = 0; i < p.m; ++i)
      for (std::int64_t j = 0; j < p.n; ++j) {
        float& c = p.c[i * p.ldc + j];
        c = p.beta == 0.0F ? 0.0F : p.beta * c;
      }
    return;
  }
  dnnl_sgemm(p.transpose_a ? 'T' : 'N', p.transpose_b ? 'T' : 'N', p.m, p.n, p.k, p.alpha, p.a, p.lda, p.b, p.ldb,
             p.beta, p.c, p.ldc);
}

const char* onednn_version() {
  static const std::string name = [] {
    const dnnl_version_t* const v = dnnl_version();
    return "oneDNN " + std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
  }();
  return name.c_str();
}

bool bf16_products() {
#if defined(__x86_64__)
  static const bool supported =
      __builtin_cpu_supports("avx512bf16") &&
      static_cast<int>(dnnl::get_effective_cpu_isa()) >= static_cast<int>(dnnl::cpu_isa::avx512_core_bf16);
  return supported;
#else
  return false;
#endif
}

namespace {

using dnnl::memory;

const dnnl::engine& engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}
dnnl::stream& stream() {
  thread_local dnnl::stream own(engine());
  return own;
}

using tag = memory::format_tag;

// A product of two matrices of one type into f32: what its generated code depends on.
struct Shape {
  memory::data_type type;
  std::int64_t m, n, k, a_stride, c_stride;  // a_stride: of a row-major a
  tag a, b;                                  // ab: row-major; ba: transposed; b may be packed
  bool bias, accumulate;
  auto operator<=>(const Shape&) const = default;

  memory::desc a_desc() const {
    return a == tag::ab ? memory::desc({m, k}, type, memory::dims{a_stride, 1}) : memory::desc({m, k}, type, a);
  }
  memory::desc b_desc() const { return {{k, n}, type, b}; }
  memory::desc c_desc() const { return {{m, n}, memory::data_type::f32, memory::dims{c_stride, 1}}; }
  memory::desc bias_desc() const { return {{1, n}, memory::data_type::f32, tag::ab}; }
};

dnnl::matmul make_matmul(const Shape& p) {
  dnnl::primitive_attr attributes;
  if (p.accumulate) {
    dnnl::post_ops sum;
    sum.append_sum(1.0F);
    attributes.set_post_ops(sum);
  }
#if DNNL_VERSION_MAJOR >= 3
  const auto described =
      p.bias ? dnnl::matmul::primitive_desc(engine(), p.a_desc(), p.b_desc(), p.bias_desc(), p.c_desc(), attributes)
             : dnnl::matmul::primitive_desc(engine(), p.a_desc(), p.b_desc(), p.c_desc(), attributes);
#else
  const auto operation = p.bias ? dnnl::matmul::desc(p.a_desc(), p.b_desc(), p.bias_desc(), p.c_desc())
                                : dnnl::matmul::desc(p.a_desc(), p.b_desc(), p.c_desc());
  const dnnl::matmul::primitive_desc described(operation, attributes, engine());
#endif
  // The reference implementation takes any layout, slowly.
  if (std::string(described.impl_info_str()).starts_with("ref")) return {};
  return dnnl::matmul(described);
}

// Primitives hold generated code: made once a shape. Rows come in few sizes, so few shapes there are.
const dnnl::matmul* matmul_for(const Shape& shape) {
  static std::mutex mutex;
  static auto* const made = new std::map<Shape, dnnl::matmul>;
  const std::lock_guard lock(mutex);
  if (const auto found = made->find(shape); found != made->end()) return found->second ? &found->second : nullptr;
  dnnl::matmul fresh;
  try {
    fresh = make_matmul(shape);
  } catch (const dnnl::error&) {  // refused: remembered as empty
  }
  const auto& kept = made->emplace(shape, fresh).first->second;
  return kept ? &kept : nullptr;
}

void run(const dnnl::matmul& product, const Shape& shape, const void* a, const void* b, const float* bias, float* c) {
  std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, memory(shape.a_desc(), engine(), const_cast<void*>(a))},
                                            {DNNL_ARG_WEIGHTS, memory(shape.b_desc(), engine(), const_cast<void*>(b))},
                                            {DNNL_ARG_DST, memory(shape.c_desc(), engine(), c)}};
  if (bias != nullptr) arguments.emplace(DNNL_ARG_BIAS, memory(shape.bias_desc(), engine(), const_cast<float*>(bias)));
  product.execute(stream(), arguments);
  stream().wait();
}

// A matrix as bf16 with its stored rows side by side, and rows of zeros after them up to `padded_rows`.
const std::uint16_t* rounded(const float* x, std::int64_t stride, std::int64_t rows, std::int64_t columns,
                             std::int64_t padded_rows, std::uint16_t* to) {
  narrow_bf16_rows(x, stride, rows, columns, to);
  std::fill_n(to + rows * columns, (padded_rows - rows) * columns, std::uint16_t{0});
  return to;
}

// A packed weight of one slice or several, each added to the sum of those before.
struct PackedSlices {
  const PackedMatrix& w;
  bool bf16 = w.type == DType::kBF16;
  std::int64_t depth = bf16 ? w.in : slice_depth(w.in);

  Shape shape(const Product& p, std::int64_t rows, std::int64_t top) const {
    const std::int64_t k = std::min(depth, w.in - top);
    return {bf16 ? memory::data_type::bf16 : memory::data_type::f32,
            rows,
            w.out,
            k,
            bf16 ? w.in : p.x_stride,
            p.y_stride,
            tag::ab,
            bf16 ? tag::BA16a64b2a : tag::BA16a64b,
            p.bias != nullptr && top == 0,
            p.accumulate || top > 0};
  }
  const std::byte* data(std::int64_t top) const {
    return w.data->data() + static_cast<std::size_t>(top * rounded_up(w.out, 64)) * sizeof(float);
  }
};

}  // namespace

bool multiply_onednn(const Product& p, const PackedMatrix& w) {
  if (w.type == DType::kF16 || (w.type == DType::kBF16 && !bf16_products())) return false;
  const PackedSlices slices{w};
  constexpr std::int64_t kMost = 256;
  const std::int64_t least = slices.bf16 ? 8 : 32;  // below, our own product is as quick
  const auto all_slices = [&](std::int64_t rows) {  // known before the first one is written
    for (std::int64_t top = 0; top < w.in; top += slices.depth)
      if (matmul_for(slices.shape(p, rows, top)) == nullptr) return false;
    return true;
  };
  if (p.m < least || !all_slices(kMost)) return false;
  auto* const rounded = slices.bf16 ? scratch<ScratchFor::kTransposed, std::uint16_t>(p.m * w.in) : nullptr;
  if (slices.bf16) narrow_bf16_rows(p.x, p.x_stride, p.m, w.in, rounded);
  std::int64_t row = 0;
  for (std::int64_t rows = kMost; rows >= least; rows /= 2)
    for (; p.m - row >= rows && all_slices(rows); row += rows)
      for (std::int64_t top = 0; top < w.in; top += slices.depth) {
        const Shape shape = slices.shape(p, rows, top);
        const void* const x =
            slices.bf16 ? static_cast<const void*>(rounded + row * w.in) : p.x + row * p.x_stride + top;
        run(*matmul_for(shape), shape, x, slices.data(top), shape.bias ? p.bias : nullptr, p.y + row * p.y_stride);
      }
  if (row < p.m) {  // the last few rows, not rounded
    Product rest = p;
    rest.x += row * p.x_stride;
    rest.y += row * p.y_stride;
    rest.m = p.m - row;
    multiply_packed(rest, w);
  }
  return true;
}

bool multiply_plain_bf16(const PlainProduct& p) {
  // Rows of a batch are the m of activations and the k of weight gradients: in steps, so that few shapes are made.
  constexpr std::int64_t kStep = 64, kLeast = std::int64_t{1} << 20;
  if (!bf16_products() || p.m * p.n * p.k < kLeast || p.alpha != 1.0F || (p.beta != 0.0F && p.beta != 1.0F))
    return false;
  const bool sums_rows = p.transpose_a && !p.transpose_b;  // k counts rows on both sides: zeros may be added
  const std::int64_t k = sums_rows ? rounded_up(p.k, kStep) : p.k, whole = p.transpose_a ? p.m : p.m / kStep * kStep;
  const auto shape = [&](std::int64_t m, std::int64_t stride, bool accumulate) {
    return Shape{memory::data_type::bf16,           m,     p.n,       k, k, stride, p.transpose_a ? tag::ba : tag::ab,
                 p.transpose_b ? tag::ba : tag::ab, false, accumulate};
  };
  const bool accumulate = p.beta == 1.0F;
  const Shape main = shape(whole, p.ldc, accumulate), tail = shape(kStep, p.n, false);
  const dnnl::matmul* const for_main = whole > 0 ? matmul_for(main) : nullptr;
  const dnnl::matmul* const for_tail = whole < p.m ? matmul_for(tail) : nullptr;
  if ((whole > 0 && for_main == nullptr) || (whole < p.m && for_tail == nullptr)) return false;

  const std::int64_t m = rounded_up(p.m, p.transpose_a ? 1 : kStep);
  auto* const a = scratch<ScratchFor::kTransposed, std::uint16_t>(m * k);
  auto* const b = scratch<ScratchFor::kActivations, std::uint16_t>(p.n * k);
  if (p.transpose_a)
    rounded(p.a, p.lda, p.k, p.m, k, a);
  else
    rounded(p.a, p.lda, p.m, p.k, m, a);
  if (p.transpose_b)
    rounded(p.b, p.ldb, p.n, p.k, p.n, b);
  else
    rounded(p.b, p.ldb, p.k, p.n, k, b);
  if (for_main != nullptr) run(*for_main, main, a, b, nullptr, p.c);
  if (for_tail == nullptr) return true;
  float* const rows = scratch<ScratchFor::kReduce>(kStep * p.n);
  run(*for_tail, tail, a + whole * k, b, nullptr, rows);
  for (std::int64_t r = 0; r < p.m - whole; ++r) {
    float* const c = p.c + (whole + r) * p.ldc;
    for (std::int64_t i = 0; i < p.n; ++i) c[i] = accumulate ? c[i] + rows[r * p.n + i] : rows[r * p.n + i];
  }
  return true;
}

#endif

}  // namespace linnet::cpu
