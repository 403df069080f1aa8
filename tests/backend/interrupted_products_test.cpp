// Products under signals: at every interruption the stack pointer is in the thread's own stack, so that a handler
// without SA_ONSTACK (of a program or a profiler) may run there, and the result has the same bits.
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>  // NOLINT: sigaction is POSIX, not in <csignal>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "linnet/backend/backend.h"
#include "linnet/backend/cpu/gemm_plain.h"
#include "linnet/base/parallel.h"
#include "linnet/base/rng.h"
#include "linnet/tensor/blocks.h"
#include "linnet/tensor/storage.h"
#include "tests/backend/compare.h"

namespace linnet {
namespace {

using testing::Floats;
using testing::random_floats;

constexpr float kSmall = 0.1F;
constexpr int kInterruptions = 300;

thread_local std::uintptr_t stack_begin = 0, stack_end = 0;
std::atomic<int> inside{0}, outside{0};

void handle(int, siginfo_t*, void* context) {
#if defined(__x86_64__)
  const auto at = static_cast<std::uintptr_t>(static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RSP]);
#else
  const auto at = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  static_cast<void>(context);
#endif
  volatile char used[4096];  // like a handler with local variables
  for (volatile char& byte : used) byte = 1;
  if (stack_end == 0) return;
  ++(at >= stack_begin && at < stack_end ? inside : outside);
}

std::mutex team_mutex;
std::vector<pid_t> team;

void join_team() {
  pthread_attr_t attributes;
  void* begin = nullptr;
  std::size_t size = 0;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
  pthread_attr_getstack(&attributes, &begin, &size);
  pthread_attr_destroy(&attributes);
  stack_begin = reinterpret_cast<std::uintptr_t>(begin);
  stack_end = stack_begin + size;
  const std::lock_guard lock(team_mutex);
  team.push_back(static_cast<pid_t>(syscall(SYS_gettid)));
}

// Interrupts every thread of the team repeatedly during its lifetime.
class Interrupter {
 public:
  Interrupter() {
    struct sigaction action = {};
    action.sa_sigaction = handle;
    action.sa_flags = SA_SIGINFO | SA_RESTART;  // and no SA_ONSTACK
    sigemptyset(&action.sa_mask);
    sigaction(SIGPROF, &action, nullptr);  // stays installed: a last signal may be pending when the sender has ended
    inside = outside = 0;
    thread_ = std::jthread([](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        std::this_thread::sleep_for(std::chrono::microseconds(200));
        const std::lock_guard lock(team_mutex);
        for (const pid_t thread : team) syscall(SYS_tgkill, getpid(), thread, SIGPROF);
      }
    });
  }

 private:
  std::jthread thread_;
};

class InterruptedProducts : public ::testing::Test {
 protected:
  static constexpr std::int64_t kRows = 256, kIn = 384, kOut = 512;

  void SetUp() override {
    team.clear();
    on_thread_start(join_team);
    parallel_region([](int, int) {});
    if (team.empty()) join_team();  // one thread: no team
  }
  void TearDown() override {
    on_thread_start(nullptr);
    parallel_region([](int, int) {});
    stack_begin = stack_end = 0;
  }

  // `product` fills its result, always with the same bits.
  static void interrupt(const std::string& name, const std::function<void(Floats&)>& product) {
    Floats wanted(kRows * kIn * 4), found;
    product(wanted);
    const Interrupter interrupter;
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    while (inside + outside < kInterruptions && std::chrono::steady_clock::now() < end) {
      found.assign(wanted.size(), 0);
      product(found);
      ASSERT_EQ(std::memcmp(found.data(), wanted.data(), found.size() * sizeof(float)), 0) << name;
    }
    EXPECT_GE(inside + outside, kInterruptions) << name;
    EXPECT_EQ(outside, 0) << name << ": stack pointers outside the thread's stack";
  }

  std::unique_ptr<Backend> cpu_ = make_cpu_backend();
  Floats x_ = random_floats(kRows * kIn, 1, kSmall), w_ = random_floats(kOut * kIn, 2, kSmall),
         dy_ = random_floats(kRows * kOut, 3, kSmall);
};

// Large f32 products of plain matrices, every transposition.
TEST_F(InterruptedProducts, PlainF32) {
  for (const bool ta : {false, true})
    for (const bool tb : {false, true})
      interrupt("f32 plain", [&](Floats& c) {
        cpu::multiply_plain(
            {ta, tb, kRows, kOut, kIn, 1, x_.data(), ta ? kRows : kIn, w_.data(), tb ? kIn : kOut, 0, c.data(), kOut});
      });
}

// The other products: those of a training step in f32 and bf16, packed weights of every kind.
TEST_F(InterruptedProducts, Gradients) {
  const WeightView weight{w_.data(), DType::kF32, kOut, kIn, WeightLayout::kOutIn, nullptr, false};
  for (const Precision precision : {Precision::kF32, Precision::kBF16}) {
    interrupt("forward", [&](Floats& y) {
      cpu_->linear({x_.data(), kIn, kRows, weight, nullptr, y.data(), kOut, false, precision});
    });
    interrupt("gradient of x", [&](Floats& dx) {
      cpu_->linear_grad_input({dy_.data(), kOut, kRows, weight, dx.data(), kIn, false, precision});
    });
    interrupt("gradient of w", [&](Floats& dw) {
      cpu_->linear_grad_weight({dy_.data(), x_.data(), kOut, kIn, kRows, kOut, kIn, WeightLayout::kOutIn, dw.data(),
                                nullptr, false, precision});
    });
  }
}

TEST_F(InterruptedProducts, PackedWeights) {
  for (const DType type : {DType::kF32, DType::kBF16, DType::kF16, DType::kQ4_1, DType::kQ8_0})
    for (const Precision precision : {Precision::kByWeight, Precision::kF32}) {
      const auto storage = Storage::allocate(row_bytes(type, kIn) * static_cast<std::size_t>(kOut));
      quantize(type, w_, storage->data());
      const WeightView weight{storage->data(), type, kOut, kIn, WeightLayout::kOutIn, storage.get(), true};
      interrupt(std::string(info(type).name), [&](Floats& y) {
        cpu_->linear({x_.data(), kIn, kRows, weight, nullptr, y.data(), kOut, false, precision});
      });
    }
}

}  // namespace
}  // namespace linnet
