// Kernels of the CPU backend on the shapes of SmolLM2-135M and MiniLM-L6, all threads (LINNET_BENCH_THREADS=1 for one).
//
//   build/release/kernel_bench --benchmark_filter='linear/Q4_1'
//
// Counters: GFLOPS of products and attention, GB/s of weights or values touched.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "linnet/backend/backend.h"
#include "linnet/base/parallel.h"
#include "linnet/base/rng.h"
#include "linnet/tensor/blocks.h"
#include "linnet/tensor/storage.h"

namespace {

using namespace linnet;
using Floats = std::vector<float>;
using benchmark::Counter;

Backend& cpu() {
  static const std::unique_ptr<Backend> backend = make_cpu_backend();
  return *backend;
}

Floats random_floats(std::int64_t n) {
  Rng rng(1);
  Floats values(static_cast<std::size_t>(n));
  for (float& value : values) value = 0.1F * rng.normal();
  return values;
}

void count_work(benchmark::State& state, double flops, double bytes) {
  state.counters["GFLOPS"] = Counter(flops * 1e-9, Counter::kIsIterationInvariantRate);
  state.counters["GB/s"] = Counter(bytes * 1e-9, Counter::kIsIterationInvariantRate);
}

void linear(benchmark::State& state, DType type, bool constant, Precision precision) {
  const std::int64_t m = state.range(0), in = state.range(1), out = state.range(2);
  const auto storage = Storage::allocate(row_bytes(type, in) * static_cast<std::size_t>(out));
  quantize(type, random_floats(out * in), storage->data());
  const WeightView weight{storage->data(), type, out, in, WeightLayout::kOutIn, storage.get(), constant};
  const Floats x = random_floats(m * in);
  Floats y(static_cast<std::size_t>(m * out));
  for (auto _ : state) cpu().linear({x.data(), in, m, weight, nullptr, y.data(), out, false, precision});
  count_work(state, 2.0 * static_cast<double>(m * in * out), static_cast<double>(storage->bytes()));
}

void gradients(benchmark::State& state, Precision precision) {
  const std::int64_t m = state.range(0), in = state.range(1), out = state.range(2);
  const Floats dy = random_floats(m * out), x = random_floats(m * in);
  Floats weight = random_floats(out * in), dx(x.size()), dw(weight.size());
  const WeightView view{weight.data(), DType::kF32, out, in, WeightLayout::kOutIn, nullptr, false};
  for (auto _ : state) {
    cpu().linear_grad_input({dy.data(), out, m, view, dx.data(), in, false, precision});
    cpu().linear_grad_weight(
        {dy.data(), x.data(), out, in, m, out, in, WeightLayout::kOutIn, dw.data(), nullptr, false, precision});
  }
  count_work(state, 4.0 * static_cast<double>(m * in * out), static_cast<double>(8 * in * out));
}

struct AttentionCase {
  std::int64_t heads, kv_heads, head_dim, sequences, q_len, kv_len;
  bool causal;
};

// Dense queries, keys and values; `backward` also computes the gradient.
void attention(benchmark::State& state, const AttentionCase& c, bool backward) {
  const std::int64_t q_rows = c.sequences * c.q_len, kv_rows = c.sequences * c.kv_len;
  const Floats q = random_floats(q_rows * c.heads * c.head_dim), k = random_floats(kv_rows * c.kv_heads * c.head_dim);
  Floats out(q.size()), dq(q.size()), dk(k.size()), dv(k.size()), log_sum(static_cast<std::size_t>(q_rows * c.heads));
  std::vector<AttentionSequence> sequences;
  for (std::int64_t i = 0; i < c.sequences; ++i)
    sequences.push_back({i * c.q_len, c.q_len, i * c.kv_len, c.kv_len, nullptr, nullptr});
  AttentionArgs a{};
  a.q = q.data();
  a.k = a.v = k.data();
  a.q_stride = a.out_stride = c.heads * c.head_dim;
  a.k_stride = a.v_stride = c.kv_heads * c.head_dim;
  a.q_head_stride = a.k_head_stride = a.v_head_stride = a.head_dim = c.head_dim;
  a.sequences = sequences.data();
  a.sequence_count = c.sequences;
  a.heads = c.heads;
  a.kv_heads = c.kv_heads;
  a.scale = 0.125F;
  a.causal = c.causal;
  a.out = out.data();
  a.log_sum = log_sum.data();
  cpu().attention(a);
  for (auto _ : state) {
    if (backward)
      cpu().attention_grad({a, out.data(), dq.data(), dk.data(), dv.data(), nullptr});
    else
      cpu().attention(a);
  }
  const double products =
      static_cast<double>(q_rows * c.kv_len * c.heads * c.head_dim) * (c.causal && c.q_len > 1 ? 0.5 : 1.0);
  count_work(state, products * (backward ? 10.0 : 4.0), static_cast<double>(k.size() * 8));
}

void silu(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  const Floats x = random_floats(n), gate = random_floats(n);
  Floats y(x.size());
  for (auto _ : state) cpu().activation({x.data(), gate.data(), y.data(), n, Activation::kSilu});
  count_work(state, 0, static_cast<double>(12 * n));
}

void gelu(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  const Floats x = random_floats(n);
  Floats y(x.size());
  for (auto _ : state) cpu().activation({x.data(), nullptr, y.data(), n, Activation::kGelu});
  count_work(state, 0, static_cast<double>(8 * n));
}

void norm(benchmark::State& state) {
  const std::int64_t rows = state.range(0), cols = 576;
  const Floats x = random_floats(rows * cols), weight = random_floats(cols);
  Floats y(x.size());
  for (auto _ : state)
    cpu().rms_norm({x.data(), weight.data(), nullptr, y.data(), nullptr, nullptr, rows, cols, 1e-5F});
  count_work(state, 0, static_cast<double>(8 * rows * cols));
}

void adam(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  Floats weight = random_floats(n), m(weight.size()), v(weight.size());
  const Floats grad = random_floats(n);
  for (auto _ : state)
    cpu().adam(
        {weight.data(), m.data(), v.data(), grad.data(), n, 1, 1e-3F, 0.9F, 0.999F, 1e-8F, 0.01F, 0.1F, 0.1F, true});
  count_work(state, 0, static_cast<double>(28 * n));
}

void linear_cases(const std::string& name, DType type, bool constant, Precision precision) {
  auto* const bench = benchmark::RegisterBenchmark(("linear/" + name).c_str(), linear, type, constant, precision);
  for (const std::int64_t m : {1, 8, 32, 128, 512})
    for (const auto& [in, out] : {std::pair{576, 576}, {576, 1536}, {1536, 576}}) bench->Args({m, in, out});
  bench->Args({1, 576, 49152})->ArgNames({"m", "in", "out"})->UseRealTime();
}

}  // namespace

int main(int argc, char** argv) {
  if (const char* const count = std::getenv("LINNET_BENCH_THREADS")) set_threads(std::max(1, std::atoi(count)));
  for (const DType type : {DType::kF32, DType::kBF16, DType::kF16, DType::kQ4_1, DType::kQ8_0})
    linear_cases(std::string(info(type).name), type, true, Precision::kByWeight);
  linear_cases("Q4_1_exact", DType::kQ4_1, true, Precision::kF32);
  linear_cases("F32_plain", DType::kF32, false, Precision::kF32);
  linear_cases("F32_training_bf16", DType::kF32, false, Precision::kBF16);
  for (const auto& [name, precision] :
       {std::pair{"gradients/F32", Precision::kF32}, {"gradients/bf16", Precision::kBF16}})
    benchmark::RegisterBenchmark(name, gradients, precision)
        ->Args({512, 576, 1536})
        ->Args({512, 1536, 576})
        ->Args({512, 576, 576})
        ->Args({800, 384, 1536})
        ->Args({800, 384, 384})
        ->Args({256, 576, 49152})
        ->UseRealTime();
  const std::pair<const char*, AttentionCase> cases[] = {{"smol_prefill_512", {9, 3, 64, 1, 512, 512, true}},
                                                         {"smol_decode_300", {9, 3, 64, 1, 1, 300, true}},
                                                         {"minilm_32x25", {12, 12, 32, 32, 25, 25, false}},
                                                         {"smol_train_2x256", {9, 3, 64, 2, 256, 256, true}}};
  for (const auto& [name, shape] : cases)
    for (const bool backward : {false, true})
      benchmark::RegisterBenchmark((std::string(backward ? "attention_grad/" : "attention/") + name).c_str(), attention,
                                   shape, backward)
          ->UseRealTime();
  benchmark::RegisterBenchmark("silu", silu)->Arg(1536)->Arg(512 * 1536)->UseRealTime();
  benchmark::RegisterBenchmark("gelu", gelu)->Arg(800 * 1536)->UseRealTime();
  benchmark::RegisterBenchmark("rms_norm", norm)->Arg(1)->Arg(512)->UseRealTime();
  benchmark::RegisterBenchmark("adam", adam)->Arg(1 << 24)->UseRealTime();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
