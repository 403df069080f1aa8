#include "linnet/base/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <fstream>
#include <latch>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#ifndef LINNET_TSAN_THREADS
#include <omp.h>

#include "linnet/base/error.h"
#endif

namespace linnet {
namespace {

int g_threads = 0;
thread_local bool t_inside = false;

// Logical processors of one core share "thread_siblings_list", so the number of distinct lists is that of cores.
int physical_cores() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return static_cast<int>(std::thread::hardware_concurrency());
  std::set<std::string> cores;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    std::ifstream file("/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list");
    std::string siblings;
    if (!std::getline(file, siblings)) siblings = std::to_string(cpu);
    cores.insert(siblings);
  }
  return std::max<int>(1, static_cast<int>(cores.size()));
}

std::atomic<void (*)()> g_thread_start{nullptr};

void run_thread_start() {
  thread_local void (*ran)() = nullptr;
  void (*const hook)() = g_thread_start.load(std::memory_order_relaxed);
  if (hook == ran) return;
  ran = hook;
  if (hook != nullptr) hook();
}

struct Inside {
  bool before = std::exchange(t_inside, true);
  ~Inside() { t_inside = before; }
};

// Transports an exception of a body (usually out of memory) to the thread that waits for all of them.
class Carrier {
 public:
  template <class Body>
  void run(Body body) noexcept {
    const Inside inside;
    try {
      run_thread_start();
      body();
    } catch (...) {
      if (!thrown_.test_and_set()) first_ = std::current_exception();
    }
  }
  void hand_over() const {
    if (first_) std::rethrow_exception(first_);
  }

 private:
  std::atomic_flag thrown_;
  std::exception_ptr first_;
};

#ifndef LINNET_TSAN_THREADS
// libgomp ends the program if it cannot start a thread. So a larger team than ever before is first started and ended as
// std::threads; libgomp then reuses their stacks.
void require_threads(int count) {
  static std::atomic<int> proven{1};
  if (count <= proven) return;
  std::latch gate(1);
  std::vector<std::jthread> team;
  team.reserve(static_cast<std::size_t>(count));
  struct Opener {
    std::latch& gate;
    ~Opener() { gate.count_down(); }
  } const opener{gate};
  try {
    while (static_cast<int>(team.size()) + 1 < count) team.emplace_back([&gate] { gate.wait(); });
  } catch (const std::system_error& error) {
    fail(ErrorKind::kRuntime, "thread {} of {} cannot be started ({}); fewer need less memory", team.size() + 2, count,
         error.code().message());
  }
  proven = count;
}
#endif

}  // namespace

int default_threads() {
  static const int cores = physical_cores();
  return cores;
}

int threads() { return g_threads > 0 ? g_threads : default_threads(); }

void set_threads(int count) {
  g_threads = count;
#ifndef LINNET_TSAN_THREADS
  require_threads(threads());
#endif
}

void on_thread_start(void (*hook)()) { g_thread_start = hook; }

void parallel_region(FunctionRef<void(int, int)> body) {
  const int count = t_inside ? 1 : threads();
  if (count == 1) {
    const Inside inside;
    return body(0, 1);
  }
  Carrier carrier;
#ifdef LINNET_TSAN_THREADS
  {
    std::vector<std::jthread> team;
    for (int t = 1; t < count; ++t) team.emplace_back([&, t] { carrier.run([&] { body(t, count); }); });
    carrier.run([&] { body(0, count); });
  }
#else
  require_threads(count);
#pragma omp parallel num_threads(count)
  carrier.run([&] { body(omp_get_thread_num(), omp_get_num_threads()); });
#endif
  carrier.hand_over();
}

void parallel_for(std::int64_t n, std::int64_t grain, FunctionRef<void(std::int64_t, std::int64_t)> body) {
  if (n <= 0) return;
  const std::int64_t most = (n + std::max<std::int64_t>(1, grain) - 1) / std::max<std::int64_t>(1, grain);
  const std::int64_t parts = std::min<std::int64_t>(most, t_inside ? 1 : threads());
  if (parts <= 1) return body(0, n);
  parallel_region([&](int thread, int count) {
    // A team smaller than requested still covers every part.
    for (std::int64_t part = thread; part < parts; part += count) body(n * part / parts, n * (part + 1) / parts);
  });
}

void parallel_pieces(std::int64_t n, std::int64_t piece, FunctionRef<void(std::int64_t, std::int64_t)> body) {
  if (n <= 0) return;
  const std::int64_t parts = std::min<std::int64_t>((n + piece - 1) / piece, t_inside ? 1 : threads());
  if (parts <= 1) {
    for (std::int64_t begin = 0; begin < n; begin += piece) body(begin, std::min(n, begin + piece));
    return;
  }
  struct alignas(64) Part {
    std::atomic<std::int64_t> next;
    std::int64_t end;
  };
  std::vector<Part> left(static_cast<std::size_t>(parts));
  for (std::int64_t p = 0; p < parts; ++p) {
    Part& part = left[static_cast<std::size_t>(p)];
    part.next = n * p / parts;
    part.end = n * (p + 1) / parts;
  }
  parallel_region([&](int thread, int) {
    for (std::int64_t p = 0; p < parts; ++p) {
      Part& part = left[static_cast<std::size_t>((thread + p) % parts)];
      for (std::int64_t i; (i = part.next.fetch_add(piece, std::memory_order_relaxed)) < part.end;)
        body(i, std::min(part.end, i + piece));
    }
  });
}

}  // namespace linnet
