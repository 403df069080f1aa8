#include "linnet/backend/cpu/gemm_onednn.h"

#include <algorithm>

#ifndef LINNET_NO_ONEDNN
#include <array>
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
bool multiply_bf16(const Product&, const PackedMatrix&) { return false; }
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

// Rows, out, in, y_stride, bias, accumulate.
using Key = std::array<std::int64_t, 6>;

memory::desc weight_desc(std::int64_t in, std::int64_t out) {
  return {{in, out}, memory::data_type::bf16, memory::format_tag::BA16a64b2a};
}

dnnl::matmul make_matmul(const Key& key) {
  const auto [m, out, in, y_stride, bias, accumulate] = key;
  const memory::desc x({m, in}, memory::data_type::bf16, memory::format_tag::ab);
  const memory::desc y({m, out}, memory::data_type::f32, memory::dims{y_stride, 1});
  const memory::desc b({1, out}, memory::data_type::f32, memory::format_tag::ab);
  dnnl::primitive_attr attributes;
  if (accumulate != 0) {
    dnnl::post_ops sum;
    sum.append_sum(1.0F);
    attributes.set_post_ops(sum);
  }
#if DNNL_VERSION_MAJOR >= 3
  const auto described = bias != 0 ? dnnl::matmul::primitive_desc(engine(), x, weight_desc(in, out), b, y, attributes)
                                   : dnnl::matmul::primitive_desc(engine(), x, weight_desc(in, out), y, attributes);
#else
  const auto operation =
      bias != 0 ? dnnl::matmul::desc(x, weight_desc(in, out), b, y) : dnnl::matmul::desc(x, weight_desc(in, out), y);
  const dnnl::matmul::primitive_desc described(operation, attributes, engine());
#endif
  // The reference implementation takes any layout, slowly.
  if (std::string(described.impl_info_str()).starts_with("ref")) return {};
  return dnnl::matmul(described);
}

// Primitives hold generated code: made once a shape. Rows come in few sizes (multiply_bf16), so few shapes there are.
const dnnl::matmul* matmul_for(const Key& key) {
  static std::mutex mutex;
  static auto* const made = new std::map<Key, dnnl::matmul>;
  const std::lock_guard lock(mutex);
  if (const auto found = made->find(key); found != made->end()) return found->second ? &found->second : nullptr;
  dnnl::matmul fresh;
  try {
    fresh = make_matmul(key);
  } catch (const dnnl::error&) {  // refused: remembered as empty
  }
  const auto& kept = made->emplace(key, fresh).first->second;
  return kept ? &kept : nullptr;
}

}  // namespace

bool multiply_bf16(const Product& p, const PackedMatrix& w) {
  constexpr std::int64_t kLeast = 8, kMost = 256;
  const auto key = [&](std::int64_t rows) {
    return Key{rows, w.out, w.in, p.y_stride, p.bias != nullptr, p.accumulate};
  };
  if (p.m < kLeast || matmul_for(key(kMost)) == nullptr) return false;
  auto* const x = scratch<ScratchFor::kTransposed, std::uint16_t>(p.m * w.in);
  narrow_bf16_rows(p.x, p.x_stride, p.m, w.in, x);
  memory weight(weight_desc(w.in, w.out), engine(), w.data.get());
  std::int64_t row = 0;
  for (std::int64_t rows = kMost; rows >= kLeast; rows /= 2)
    for (; p.m - row >= rows; row += rows) {
      const dnnl::matmul* const product = matmul_for(key(rows));
      if (product == nullptr) return false;
      const memory::desc xd({rows, w.in}, memory::data_type::bf16, memory::format_tag::ab);
      const memory::desc yd({rows, w.out}, memory::data_type::f32, memory::dims{p.y_stride, 1});
      std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, memory(xd, engine(), x + row * w.in)},
                                                {DNNL_ARG_WEIGHTS, weight},
                                                {DNNL_ARG_DST, memory(yd, engine(), p.y + row * p.y_stride)}};
      if (p.bias != nullptr) {
        const memory::desc bd({1, w.out}, memory::data_type::f32, memory::format_tag::ab);
        arguments.emplace(DNNL_ARG_BIAS, memory(bd, engine(), const_cast<float*>(p.bias)));
      }
      product->execute(stream(), arguments);
    }
  stream().wait();
  if (row < p.m) {  // the last few rows, not rounded
    Product rest = p;
    rest.x += row * p.x_stride;
    rest.y += row * p.y_stride;
    rest.m = p.m - row;
    multiply_packed(rest, w);
  }
  return true;
}

#endif

}  // namespace linnet::cpu
