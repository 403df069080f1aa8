#include "linnet/backend/cpu/gemm_onednn.h"

#include <algorithm>

#ifndef LINNET_NO_ONEDNN
#include <compare>
#include <dnnl.hpp>
#include <map>
#include <mutex>
#include <new>
#include <string>
#include <unordered_map>

#include "linnet/base/error.h"
#include "linnet/base/memory.h"
#endif

namespace linnet::cpu {

#ifdef LINNET_NO_ONEDNN

bool multiply_plain_onednn(const PlainProduct&) { return false; }
bool bf16_products() { return false; }
bool multiply_onednn(const Product&, const PackedMatrix&) { return false; }
const char* onednn_version() { return "none"; }

#else

namespace {

// Memory that is missing is no refusal: another way of computing would only give other bits.
void check_status(dnnl_status_t status) {
  if (status == dnnl_out_of_memory) throw std::bad_alloc();
  check(status == dnnl_success, ErrorKind::kRuntime, "[product] oneDNN failed with status {}",
        static_cast<int>(status));
}

// What generating the code of a product maps at most (11.4 MiB in oneDNN 2.6). Where that fails, the generator writes
// to address 0.
constexpr std::uint64_t kGeneratedCode = 16 << 20;

}  // namespace

bool multiply_plain_onednn(const PlainProduct& p) {
  require_address_space(kGeneratedCode);
  check_status(dnnl_sgemm(p.transpose_a ? 'T' : 'N', p.transpose_b ? 'T' : 'N', p.m, p.n, p.k, p.alpha, p.a, p.lda, p.b,
                          p.ldb, p.beta, p.c, p.ldc));
  return true;
}

const char* onednn_version() {
  static const std::string name = [] {
    const dnnl_version_t* const v = dnnl_version();
    return std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
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

// y = x W^T of a packed bf16 weight into f32: what its generated code depends on.
struct Shape {
  std::int64_t m, n, k, c_stride;  // c_stride: of the rows of y
  bool bias, accumulate;
  auto operator<=>(const Shape&) const = default;  // NOLINT(modernize-use-nullptr): the 0 is the compiler's

  memory::desc a_desc() const { return {{m, k}, memory::data_type::bf16, tag::ab}; }
  memory::desc b_desc() const { return {{k, n}, memory::data_type::bf16, tag::BA16a64b2a}; }
  memory::desc c_desc() const { return {{m, n}, memory::data_type::f32, memory::dims{c_stride, 1}}; }
  memory::desc bias_desc() const { return {{1, n}, memory::data_type::f32, tag::ab}; }
};

dnnl::matmul make_matmul(const Shape& p) {
  require_address_space(kGeneratedCode);
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
  } catch (const dnnl::error& refusal) {  // remembered as empty
    const bool refused = refusal.status == dnnl_unimplemented || refusal.status == dnnl_invalid_arguments;
    if (!refused) check_status(refusal.status);
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

Shape shape_of(const Product& p, const PackedMatrix& w, std::int64_t rows) {
  return {rows, w.out, w.in, p.y_stride, p.bias != nullptr, p.accumulate};
}

}  // namespace

bool multiply_onednn(const Product& p, const PackedMatrix& w) {
  constexpr std::int64_t kMost = 256, kLeast = 8;  // rows at a time; below, our own product is as quick
  if (w.type != DType::kBF16 || !bf16_products() || p.m < kLeast || matmul_for(shape_of(p, w, kMost)) == nullptr)
    return false;
  auto* const rounded = scratch<ScratchFor::kTransposed, std::uint16_t>(p.m * w.in);
  narrow_bf16_rows(p.x, p.x_stride, p.m, w.in, rounded);
  std::int64_t row = 0;
  for (std::int64_t rows = kMost; rows >= kLeast; rows /= 2) {
    if (p.m - row < rows) continue;
    const Shape shape = shape_of(p, w, rows);
    const dnnl::matmul* const product = matmul_for(shape);
    for (; product != nullptr && p.m - row >= rows; row += rows)
      run(*product, shape, rounded + row * w.in, w.data->data(), p.bias, p.y + row * p.y_stride);
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

#endif

}  // namespace linnet::cpu
