#include "linnet/backend/cpu/cpu.h"

#include "linnet/backend/cpu/attention.h"
#include "linnet/backend/cpu/elementwise.h"
#include "linnet/backend/cpu/kv_store.h"
#include "linnet/backend/cpu/linear.h"
#include "linnet/backend/cpu/norm.h"
#include "linnet/backend/cpu/rows.h"

namespace linnet {

void CpuBackend::linear(const LinearArgs& args) { cpu::linear(args); }
void CpuBackend::linears(std::span<const LinearArgs> products) { cpu::linears(products); }
void CpuBackend::prepack(const WeightView& weight) { cpu::prepack(weight); }
void CpuBackend::linear_grad_input(const LinearGradInputArgs& args) { cpu::linear_grad_input(args); }
void CpuBackend::linear_grad_weight(const LinearGradWeightArgs& args) { cpu::linear_grad_weight(args); }
void CpuBackend::gemm(const GemmArgs& args) { cpu::gemm(args); }
void CpuBackend::layer_norm(const NormArgs& args) { cpu::layer_norm(args); }
void CpuBackend::layer_norm_grad(const NormGradArgs& args) { cpu::layer_norm_grad(args); }
void CpuBackend::rms_norm(const NormArgs& args) { cpu::rms_norm(args); }
void CpuBackend::rms_norm_grad(const NormGradArgs& args) { cpu::rms_norm_grad(args); }
void CpuBackend::activation(const ActivationArgs& args) { cpu::activation(args); }
void CpuBackend::activation_grad(const ActivationGradArgs& args) { cpu::activation_grad(args); }
void CpuBackend::rotary(const RotaryArgs& args) { cpu::rotary(args); }
void CpuBackend::embedding(const EmbeddingArgs& args) { cpu::embedding(args); }
void CpuBackend::embedding_grad(const EmbeddingGradArgs& args) { cpu::embedding_grad(args); }
void CpuBackend::attention(const AttentionArgs& args) { cpu::attention(args); }
void CpuBackend::kv_store(const KvStoreArgs& args) { cpu::kv_store(args); }
void CpuBackend::attention_grad(const AttentionGradArgs& args) {
  if (args.ddistance_bias != nullptr) return ReferenceBackend::attention_grad(args);
  cpu::attention_grad(args);
}
void CpuBackend::cross_entropy(const CrossEntropyArgs& args) { cpu::cross_entropy(args); }
void CpuBackend::dropout(const DropoutArgs& args) { cpu::dropout(args); }
void CpuBackend::adam(const AdamArgs& args) { cpu::adam(args); }
void CpuBackend::add(const float* a, const float* b, float* y, std::int64_t n) { cpu::add(a, b, y, n); }
void CpuBackend::axpy(float alpha, const float* x, float* y, std::int64_t n) { cpu::axpy(alpha, x, y, n); }
void CpuBackend::multiply(const float* a, const float* b, float* y, std::int64_t n) { cpu::multiply(a, b, y, n); }
void CpuBackend::scale(const float* x, float alpha, float* y, std::int64_t n) { cpu::scale(x, alpha, y, n); }
double CpuBackend::sum_squares(const float* x, std::int64_t n) { return cpu::sum_squares(x, n); }
void CpuBackend::log_softmax(const float* x, float* y, std::int64_t rows, std::int64_t cols) {
  cpu::log_softmax(x, y, rows, cols);
}
void CpuBackend::to_float(const void* x, DType type, float* y, std::int64_t rows, std::int64_t cols) {
  cpu::to_float(x, type, y, rows, cols);
}
void CpuBackend::from_float(const float* x, DType type, void* y, std::int64_t rows, std::int64_t cols) {
  if (!cpu::from_float(x, type, y, rows, cols)) ReferenceBackend::from_float(x, type, y, rows, cols);
}

std::unique_ptr<Backend> make_cpu_backend() { return std::make_unique<CpuBackend>(); }

}  // namespace linnet
