// A device whose memory can only be touched while one of its kernels or copies runs: any other read or write faults.
// Its kernels are the reference backend's. Whatever passes on it works on a device whose memory the CPU does not see.
//
//   model->to(quarantine());
#pragma once

#include <sys/mman.h>

#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "linnet/backend/reference/reference.h"
#include "linnet/base/error.h"
#include "linnet/tensor/allocator.h"

namespace linnet {

// Memory that is PROT_NONE unless opened. Kernels may open it on several threads at once.
class QuarantinedMemory {
 public:
  QuarantinedMemory()
      : start_(static_cast<std::byte*>(
            ::mmap(nullptr, kSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))) {
    LINNET_ASSERT(start_ != MAP_FAILED);
  }

  std::byte* take(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    const std::size_t size = (bytes + kAlignment) / kAlignment * kAlignment;
    if (const auto found = free_.find(size); found != free_.end()) {
      std::byte* const block = found->second;
      free_.erase(found);
      return block;
    }
    LINNET_ASSERT(size <= kSize - used_);
    std::byte* const block = start_ + used_;
    used_ += size;
    if (open_ > 0) protect(PROT_READ | PROT_WRITE);
    return block;
  }
  void give_back(std::byte* block, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    free_.emplace((bytes + kAlignment) / kAlignment * kAlignment, block);
  }

  template <class Run>
  auto opened(const Run& run) {
    struct Open {
      QuarantinedMemory& memory;
      explicit Open(QuarantinedMemory& m) : memory(m) { memory.count(1); }
      ~Open() { memory.count(-1); }
    } const open(*this);
    return run();
  }

 private:
  static constexpr std::size_t kSize = std::size_t{4} << 30, kAlignment = 64;

  void count(int change) {
    const std::lock_guard lock(mutex_);
    const bool before = open_ > 0;
    open_ += change;
    if ((open_ > 0) != before) protect(open_ > 0 ? PROT_READ | PROT_WRITE : PROT_NONE);
  }
  void protect(int rights) { LINNET_ASSERT(::mprotect(start_, used_, rights) == 0); }

  std::mutex mutex_;
  std::byte* start_;
  std::size_t used_ = 0;
  int open_ = 0;
  std::multimap<std::size_t, std::byte*> free_;
};

inline QuarantinedMemory& quarantined_memory() {
  static auto* const memory = new QuarantinedMemory;
  return *memory;
}
template <class Run>
auto opened(const Run& run) {
  return quarantined_memory().opened(run);
}

inline constexpr Device kQuarantine{Device::Kind::kPrivateUse, 0};

class QuarantinedAllocator final : public Allocator {
 public:
  std::shared_ptr<Storage> allocate(std::size_t bytes) override {
    std::byte* const block = quarantined_memory().take(bytes);
    const std::shared_ptr<void> owner(
        block, [bytes](void* back) { quarantined_memory().give_back(static_cast<std::byte*>(back), bytes); });
    return Storage::wrap(block, bytes, owner, kQuarantine);
  }
  void zero(std::byte* to, std::size_t bytes) override {
    opened([&] { std::memset(to, 0, bytes); });
  }
  void copy(std::byte* to, const std::byte* from, std::size_t bytes) override {
    opened([&] { std::memcpy(to, from, bytes); });
  }
  void copy_from_cpu(std::byte* to, const std::byte* from, std::size_t bytes) override { copy(to, from, bytes); }
  void copy_to_cpu(std::byte* to, const std::byte* from, std::size_t bytes) override { copy(to, from, bytes); }
};

class QuarantinedBackend final : public ReferenceBackend {
 public:
  using R = ReferenceBackend;
  using N = std::int64_t;
  const char* name() const override { return "quarantine"; }
  void linear(const LinearArgs& a) override {
    opened([&] { R::linear(a); });
  }
  void linear_grad_input(const LinearGradInputArgs& a) override {
    opened([&] { R::linear_grad_input(a); });
  }
  void linear_grad_weight(const LinearGradWeightArgs& a) override {
    opened([&] { R::linear_grad_weight(a); });
  }
  void gemm(const GemmArgs& a) override {
    opened([&] { R::gemm(a); });
  }
  void layer_norm(const NormArgs& a) override {
    opened([&] { R::layer_norm(a); });
  }
  void layer_norm_grad(const NormGradArgs& a) override {
    opened([&] { R::layer_norm_grad(a); });
  }
  void rms_norm(const NormArgs& a) override {
    opened([&] { R::rms_norm(a); });
  }
  void rms_norm_grad(const NormGradArgs& a) override {
    opened([&] { R::rms_norm_grad(a); });
  }
  void activation(const ActivationArgs& a) override {
    opened([&] { R::activation(a); });
  }
  void activation_grad(const ActivationGradArgs& a) override {
    opened([&] { R::activation_grad(a); });
  }
  void rotary(const RotaryArgs& a) override {
    opened([&] { R::rotary(a); });
  }
  void embedding(const EmbeddingArgs& a) override {
    opened([&] { R::embedding(a); });
  }
  void embedding_grad(const EmbeddingGradArgs& a) override {
    opened([&] { R::embedding_grad(a); });
  }
  void attention(const AttentionArgs& a) override {
    opened([&] { R::attention(a); });
  }
  void kv_store(const KvStoreArgs& a) override {
    opened([&] { R::kv_store(a); });
  }
  void attention_grad(const AttentionGradArgs& a) override {
    opened([&] { R::attention_grad(a); });
  }
  void cross_entropy(const CrossEntropyArgs& a) override {
    opened([&] { R::cross_entropy(a); });
  }
  void dropout(const DropoutArgs& a) override {
    opened([&] { R::dropout(a); });
  }
  void element_loss_grad(const ElementLossGradArgs& a) override {
    opened([&] { R::element_loss_grad(a); });
  }
  double element_loss(const ElementLossArgs& a) override {
    return opened([&] { return R::element_loss(a); });
  }
  void max_rows(const MaxRowsArgs& a) override {
    opened([&] { R::max_rows(a); });
  }
  void max_rows_grad(const MaxRowsGradArgs& a) override {
    opened([&] { R::max_rows_grad(a); });
  }
  void strided_copy(const StridedCopyArgs& a) override {
    opened([&] { R::strided_copy(a); });
  }
  void adam(const AdamArgs& a) override {
    opened([&] { R::adam(a); });
  }
  void sgd(const SgdArgs& a) override {
    opened([&] { R::sgd(a); });
  }
  void adafactor(const AdafactorArgs& a) override {
    opened([&] { R::adafactor(a); });
  }
  void add(const float* a, const float* b, float* y, N n) override {
    opened([&] { R::add(a, b, y, n); });
  }
  void axpy(float alpha, const float* x, float* y, N n) override {
    opened([&] { R::axpy(alpha, x, y, n); });
  }
  void multiply(const float* a, const float* b, float* y, N n) override {
    opened([&] { R::multiply(a, b, y, n); });
  }
  void scale(const float* x, float alpha, float* y, N n) override {
    opened([&] { R::scale(x, alpha, y, n); });
  }
  void fill(float* y, float value, N n) override {
    opened([&] { R::fill(y, value, n); });
  }
  double sum(const float* x, N n) override {
    return opened([&] { return R::sum(x, n); });
  }
  double sum_squares(const float* x, N n) override {
    return opened([&] { return R::sum_squares(x, n); });
  }
  void log_softmax(const float* x, float* y, N rows, N cols) override {
    opened([&] { R::log_softmax(x, y, rows, cols); });
  }
  void to_float(const void* x, DType type, float* y, N rows, N cols) override {
    opened([&] { R::to_float(x, type, y, rows, cols); });
  }
  void from_float(const float* x, DType type, void* y, N rows, N cols) override {
    opened([&] { R::from_float(x, type, y, rows, cols); });
  }
};

// The device, registered once.
inline Device quarantine() {
  static auto* const allocator = new QuarantinedAllocator;
  static auto* const backend = new QuarantinedBackend;
  static auto* const device = new DeviceGuard(kQuarantine, *backend, *allocator);
  (void)device;
  return kQuarantine;
}

}  // namespace linnet
