// A device whose memory can only be touched while one of its kernels or copies runs: any other read or write faults.
// Its kernels are the reference backend's. Whatever passes on it works on a device whose memory the CPU does not see.
//
//   model->to(quarantine());
#pragma once

#include <sys/mman.h>

#include <cstring>
#include <initializer_list>
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

  bool has(const void* at) const { return at >= start_ && at < start_ + kSize; }

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
// Calls of kernels on this thread: one that another one calls may have values of its own.
inline int& kernel_depth() {
  static thread_local int depth = 0;
  return depth;
}

// Runs a kernel whose values are at these addresses; null ones are absent.
template <class Run>
auto opened(std::initializer_list<const void*> values, const Run& run) {
  struct Deeper {
    Deeper() { ++kernel_depth(); }
    ~Deeper() { --kernel_depth(); }
  } const deeper;
  for (const void* at : values) LINNET_ASSERT(kernel_depth() > 1 || at == nullptr || quarantined_memory().has(at));
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
    opened({to}, [&] { std::memset(to, 0, bytes); });
  }
  void copy(std::byte* to, const std::byte* from, std::size_t bytes) override {
    opened({to, from}, [&] { std::memcpy(to, from, bytes); });
  }
  void copy_from_cpu(std::byte* to, const std::byte* from, std::size_t bytes) override {
    opened({to}, [&] { std::memcpy(to, from, bytes); });
  }
  void copy_to_cpu(std::byte* to, const std::byte* from, std::size_t bytes) override {
    opened({from}, [&] { std::memcpy(to, from, bytes); });
  }
};

class QuarantinedBackend final : public ReferenceBackend {
 public:
  using R = ReferenceBackend;
  using N = std::int64_t;
  const char* name() const override { return "quarantine"; }
  void linear(const LinearArgs& a) override {
    opened({a.x, a.weight.data, a.bias, a.y}, [&] { R::linear(a); });
  }
  void linear_grad_input(const LinearGradInputArgs& a) override {
    opened({a.dy, a.weight.data, a.dx}, [&] { R::linear_grad_input(a); });
  }
  void linear_grad_weight(const LinearGradWeightArgs& a) override {
    opened({a.dy, a.x, a.dweight, a.dbias}, [&] { R::linear_grad_weight(a); });
  }
  void gemm(const GemmArgs& a) override {
    opened({a.a, a.b, a.c}, [&] { R::gemm(a); });
  }
  void layer_norm(const NormArgs& a) override {
    opened({a.x, a.weight, a.bias, a.y, a.mean, a.rstd}, [&] { R::layer_norm(a); });
  }
  void layer_norm_grad(const NormGradArgs& a) override {
    opened({a.dy, a.x, a.weight, a.mean, a.rstd, a.dx, a.dweight, a.dbias}, [&] { R::layer_norm_grad(a); });
  }
  void rms_norm(const NormArgs& a) override {
    opened({a.x, a.weight, a.y, a.rstd}, [&] { R::rms_norm(a); });
  }
  void rms_norm_grad(const NormGradArgs& a) override {
    opened({a.dy, a.x, a.weight, a.rstd, a.dx, a.dweight}, [&] { R::rms_norm_grad(a); });
  }
  void activation(const ActivationArgs& a) override {
    opened({a.x, a.gate_with, a.y}, [&] { R::activation(a); });
  }
  void activation_grad(const ActivationGradArgs& a) override {
    opened({a.dy, a.x, a.gate_with, a.dx, a.dgate_with}, [&] { R::activation_grad(a); });
  }
  void rotary(const RotaryArgs& a) override {
    opened({a.x, a.y, a.cosine, a.sine}, [&] { R::rotary(a); });
  }
  void embedding(const EmbeddingArgs& a) override {
    opened({a.table, a.y}, [&] { R::embedding(a); });
  }
  void embedding_grad(const EmbeddingGradArgs& a) override {
    opened({a.dy, a.dtable}, [&] { R::embedding_grad(a); });
  }
  void attention(const AttentionArgs& a) override {
    opened({a.q, a.k, a.v, a.distance_bias, a.relative.queries, a.relative.keys, a.out, a.log_sum},
           [&] { R::attention(a); });
  }
  void kv_store(const KvStoreArgs& a) override {
    opened({a.k, a.v, a.k_blocks[0], a.v_blocks[0]}, [&] { R::kv_store(a); });
  }
  void attention_grad(const AttentionGradArgs& a) override {
    opened({a.forward.q, a.forward.k, a.forward.v, a.dout, a.dq, a.dk, a.dv, a.ddistance_bias,
            a.forward.relative.queries, a.forward.relative.keys, a.drelative_queries, a.drelative_keys},
           [&] { R::attention_grad(a); });
  }
  void cross_entropy(const CrossEntropyArgs& a) override {
    opened({a.logits, a.dlogits}, [&] { R::cross_entropy(a); });
  }
  void dropout(const DropoutArgs& a) override {
    opened({a.x, a.y}, [&] { R::dropout(a); });
  }
  void element_loss_grad(const ElementLossGradArgs& a) override {
    opened({a.forward.x, a.forward.target, a.dx}, [&] { R::element_loss_grad(a); });
  }
  double element_loss(const ElementLossArgs& a) override {
    return opened({a.x, a.target}, [&] { return R::element_loss(a); });
  }
  void max_rows(const MaxRowsArgs& a) override {
    opened({a.x, a.y, a.from}, [&] { R::max_rows(a); });
  }
  void nonzero_rows(const float* x, N cols, std::span<const std::int32_t> rows, std::span<std::uint8_t> hit) override {
    opened({x}, [&] { R::nonzero_rows(x, cols, rows, hit); });
  }
  void max_rows_grad(const MaxRowsGradArgs& a) override {
    opened({a.dy, a.from, a.dx}, [&] { R::max_rows_grad(a); });
  }
  void strided_copy(const StridedCopyArgs& a) override {
    opened({a.x, a.y}, [&] { R::strided_copy(a); });
  }
  void adam(const AdamArgs& a) override {
    opened({a.weight, a.m, a.v, a.grad}, [&] { R::adam(a); });
  }
  void sgd(const SgdArgs& a) override {
    opened({a.weight, a.momentum_buffer, a.grad}, [&] { R::sgd(a); });
  }
  void adafactor(const AdafactorArgs& a) override {
    opened({a.weight, a.row, a.col, a.all, a.grad}, [&] { R::adafactor(a); });
  }
  void add(const float* a, const float* b, float* y, N n) override {
    opened({a, b, y}, [&] { R::add(a, b, y, n); });
  }
  void axpy(float alpha, const float* x, float* y, N n) override {
    opened({x, y}, [&] { R::axpy(alpha, x, y, n); });
  }
  void multiply(const float* a, const float* b, float* y, N n) override {
    opened({a, b, y}, [&] { R::multiply(a, b, y, n); });
  }
  void scale(const float* x, float alpha, float* y, N n) override {
    opened({x, y}, [&] { R::scale(x, alpha, y, n); });
  }
  void fill(float* y, float value, N n) override {
    opened({y}, [&] { R::fill(y, value, n); });
  }
  double sum(const float* x, N n) override {
    return opened({x}, [&] { return R::sum(x, n); });
  }
  double sum_squares(const float* x, N n) override {
    return opened({x}, [&] { return R::sum_squares(x, n); });
  }
  void log_softmax(const float* x, float* y, N rows, N cols) override {
    opened({x, y}, [&] { R::log_softmax(x, y, rows, cols); });
  }
  void to_float(const void* x, DType type, float* y, N rows, N cols) override {
    opened({x, y}, [&] { R::to_float(x, type, y, rows, cols); });
  }
  void from_float(const float* x, DType type, void* y, N rows, N cols) override {
    opened({x, y}, [&] { R::from_float(x, type, y, rows, cols); });
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
