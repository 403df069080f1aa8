// The CPU backend: optimised kernels. Instruction sets are chosen at run time.
//
//   CpuBackend cpu;
//   cpu.linear({x, in, rows, weight, bias, y, out, false, Precision::kByWeight});
#pragma once

#include <string>
#include <vector>

#include "linnet/backend/reference/reference.h"

namespace linnet {

class CpuBackend : public ReferenceBackend {
 public:
  const char* name() const override { return "cpu"; }

  void linear(const LinearArgs& args) override;
  void linears(std::span<const LinearArgs> products) override;
  void prepack(const WeightView& weight) override;
  void linear_grad_input(const LinearGradInputArgs& args) override;
  void linear_grad_weight(const LinearGradWeightArgs& args) override;
  void gemm(const GemmArgs& args) override;
  void layer_norm(const NormArgs& args) override;
  void layer_norm_grad(const NormGradArgs& args) override;
  void rms_norm(const NormArgs& args) override;
  void rms_norm_grad(const NormGradArgs& args) override;
  void activation(const ActivationArgs& args) override;
  void activation_grad(const ActivationGradArgs& args) override;
  void rotary(const RotaryArgs& args) override;
  void embedding(const EmbeddingArgs& args) override;
  void embedding_grad(const EmbeddingGradArgs& args) override;
  void attention(const AttentionArgs& args) override;
  void kv_store(const KvStoreArgs& args) override;
  void attention_grad(const AttentionGradArgs& args) override;
  void cross_entropy(const CrossEntropyArgs& args) override;
  void dropout(const DropoutArgs& args) override;
  void adam(const AdamArgs& args) override;
  void add(const float* a, const float* b, float* y, std::int64_t n) override;
  void axpy(float alpha, const float* x, float* y, std::int64_t n) override;
  void multiply(const float* a, const float* b, float* y, std::int64_t n) override;
  void scale(const float* x, float alpha, float* y, std::int64_t n) override;
  double sum_squares(const float* x, std::int64_t n) override;
  void log_softmax(const float* x, float* y, std::int64_t rows, std::int64_t cols) override;
  void to_float(const void* x, DType type, float* y, std::int64_t rows, std::int64_t cols) override;
  void from_float(const float* x, DType type, void* y, std::int64_t rows, std::int64_t cols) override;
};

// Bytes of the packed copy of a constant weight [out, in]; `prepack` or the first product creates it.
std::size_t packed_weight_bytes(DType type, std::int64_t out, std::int64_t in);

// For `linnet doctor`: the kernels of this processor and the libraries in use.
struct NamedFact {
  std::string name, value;
};
std::vector<NamedFact> cpu_kernels();
std::vector<NamedFact> cpu_libraries();

// Measured with all threads when called; takes about a second and 256 MiB.
struct CpuSpeed {
  double read_gb_per_s;  // sequential read
  // Products of 512 rows with packed f32, packed bf16 (0: the processor has none) and 4-bit weights.
  double f32_gflops, bf16_gflops, int8_gflops;
};
CpuSpeed measure_cpu();

}  // namespace linnet
