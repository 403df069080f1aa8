// Plain loops with sums in double. Every other backend is tested against it and inherits from it, so that a new op
// works before it is optimised.
#pragma once

#include "linnet/backend/backend.h"

namespace linnet {

class ReferenceBackend : public Backend {
 public:
  const char* name() const override { return "reference"; }

  void linear(const LinearArgs&) override;
  void linear_grad_input(const LinearGradInputArgs&) override;
  void linear_grad_weight(const LinearGradWeightArgs&) override;
  void gemm(const GemmArgs&) override;
  void layer_norm(const NormArgs&) override;
  void layer_norm_grad(const NormGradArgs&) override;
  void rms_norm(const NormArgs&) override;
  void rms_norm_grad(const NormGradArgs&) override;
  void activation(const ActivationArgs&) override;
  void activation_grad(const ActivationGradArgs&) override;
  void rotary(const RotaryArgs&) override;
  void embedding(const EmbeddingArgs&) override;
  void embedding_grad(const EmbeddingGradArgs&) override;
  void attention(const AttentionArgs&) override;
  void kv_store(const KvStoreArgs&) override;
  void attention_grad(const AttentionGradArgs&) override;
  void cross_entropy(const CrossEntropyArgs&) override;
  void dropout(const DropoutArgs&) override;
  void element_loss_grad(const ElementLossGradArgs&) override;
  double element_loss(const ElementLossArgs&) override;
  void max_rows(const MaxRowsArgs&) override;
  void max_rows_grad(const MaxRowsGradArgs&) override;
  void strided_copy(const StridedCopyArgs&) override;
  void adam(const AdamArgs&) override;
  void sgd(const SgdArgs&) override;
  void adafactor(const AdafactorArgs&) override;
  void add(const float* a, const float* b, float* y, std::int64_t n) override;
  void axpy(float alpha, const float* x, float* y, std::int64_t n) override;
  void multiply(const float* a, const float* b, float* y, std::int64_t n) override;
  void scale(const float* x, float alpha, float* y, std::int64_t n) override;
  void fill(float* y, float value, std::int64_t n) override;
  double sum(const float* x, std::int64_t n) override;
  double sum_squares(const float* x, std::int64_t n) override;
  void nonzero_rows(const float* x, std::int64_t cols, std::span<const std::int32_t> rows,
                    std::span<std::uint8_t> hit) override;
  void log_softmax(const float* x, float* y, std::int64_t rows, std::int64_t cols) override;
  void to_float(const void* x, DType type, float* y, std::int64_t rows, std::int64_t cols) override;
  void from_float(const float* x, DType type, void* y, std::int64_t rows, std::int64_t cols) override;
};

}  // namespace linnet
