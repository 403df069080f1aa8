// Names and speeds of kernels for `doctor`.
#include <fmt/format.h>
#include <hwy/highway.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>
#include <vector>

#include "linnet/backend/cpu/cpu.h"
#include "linnet/backend/cpu/gemm.h"
#include "linnet/backend/cpu/gemm_plain.h"
#include "linnet/backend/cpu/quantized.h"
#include "linnet/base/parallel.h"

namespace linnet {
namespace {

// The fastest of a few runs, in seconds.
template <class Body>
double best_time(Body&& body) {
  using Clock = std::chrono::steady_clock;
  double best = 1e9;
  for (int run = 0; run < 6; ++run) {
    const auto start = Clock::now();
    body();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return best;
}

double read_speed() {
  const std::int64_t words = std::int64_t{256} << 17;  // 256 MiB
  const std::vector<std::uint64_t> memory(static_cast<std::size_t>(words), 1);
  std::vector<std::uint64_t> sums(static_cast<std::size_t>(threads()) * 8);
  const double seconds = best_time([&] {
    parallel_region([&](int thread, int count) {
      const std::int64_t begin = words * thread / count, end = words * (thread + 1) / count;
      std::uint64_t lanes[8] = {};
      for (std::int64_t i = begin; i + 8 <= end; i += 8)
        for (std::int64_t lane = 0; lane < 8; ++lane) lanes[lane] += memory[static_cast<std::size_t>(i + lane)];
      for (const std::uint64_t lane : lanes) sums[static_cast<std::size_t>(thread) * 8] += lane;
    });
  });
  return static_cast<double>(words) * 8 / seconds * 1e-9;
}

}  // namespace

std::vector<NamedFact> cpu_kernels() {
  return {{"f32", fmt::format("own, {}", cpu::f32_kernel_name())},
          {"bf16", cpu::bf16_kernel() != nullptr ? "own, AVX-512 BF16" : "widened to f32"},
          {"blocks", fmt::format("own, {}", cpu::quantized_kernel_name())}};
}

std::vector<NamedFact> cpu_libraries() {
  return {{"highway", fmt::format("{}.{}.{}", HWY_MAJOR, HWY_MINOR, HWY_PATCH)}};
}

CpuSpeed measure_cpu() {
  constexpr std::int64_t kRows = 512, kIn = 1024, kOut = 1024;
  const double work = 2e-9 * kRows * kIn * kOut;
  const std::vector<float> x(kRows * kIn, 0.5F), weight(kOut * kIn, 0.25F);
  std::vector<float> y(kRows * kOut);
  const cpu::Product product{x.data(), kIn, kRows, nullptr, y.data(), kOut, false};
  const WeightView plain{weight.data(), DType::kF32, kOut, kIn, WeightLayout::kOutIn, nullptr, false};
  const cpu::PackedMatrix packed = cpu::pack_matrix(plain);
  const std::vector<std::byte> blocks(static_cast<std::size_t>(kOut) * row_bytes(DType::kQ4_1, kIn));
  const WeightView narrow{blocks.data(), DType::kQ4_1, kOut, kIn, WeightLayout::kOutIn, nullptr, false};
  const cpu::QuantizedMatrix quantized = cpu::pack_quantized(narrow);
  const cpu::QuantizedProduct of_blocks{product, &quantized};
  CpuSpeed speed{};
  speed.read_gb_per_s = read_speed();
  speed.f32_gflops = work / best_time([&] { cpu::multiply_packed(product, packed); });
  const std::vector<std::uint16_t> half(kOut * kIn, 0x3E80);
  const cpu::PackedMatrix pairs =
      cpu::pack_matrix({half.data(), DType::kBF16, kOut, kIn, WeightLayout::kOutIn, nullptr, false});
  const cpu::PackedProduct of_pairs{product, &pairs};
  if (cpu::bf16_kernel() != nullptr)
    speed.bf16_gflops = work / best_time([&] { cpu::multiply_packed_bf16(std::span(&of_pairs, 1)); });
  speed.int8_gflops = work / best_time([&] { cpu::multiply_quantized(std::span(&of_blocks, 1)); });
  return speed;
}

}  // namespace linnet
