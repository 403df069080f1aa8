// Checks that work is linear in its input: at 1, 2, 4 and 8 times the size, CPU time grows by at most `kMostGrowth` per
// doubling on average (a table may exceed a cache between two sizes), and memory stays within twice the input + 64 MiB.
// Each run is a child process with its own peak; the work must not use threads of the parent (a pool does not survive
// fork).
//
//   expect_linear(2'000, [](std::size_t n) { return json_of_keys(n); },                  // an input of n parts:
//                 [](const std::string& text) { parse_json(text, "f.json"); });          // a string or a file's path
#pragma once

#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <functional>
#include <string>

#include "tests/sanitized.h"

namespace linnet::test {

struct Cost {
  double seconds = 0;             // CPU, user and system
  double mebibytes = 0;           // peak, without the initial memory
  std::array<char, 240> fault{};  // the message of an exception
};

// The cost of `work` in its own process. A crash, or more than two minutes of CPU time, fails the test.
inline Cost cost_of(const std::function<void()>& work) {
  malloc_trim(0);  // otherwise freed memory of the parent would hide that of the child
  int ends[2];
  if (pipe(ends) != 0) return {};
  const pid_t child = fork();
  if (child == 0) {
    const rlimit two_minutes{120, 120};
    setrlimit(RLIMIT_CPU, &two_minutes);
    const auto seconds = [] {
      timespec now{};
      clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
      return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
    };
    const auto mebibytes = [] {
      rusage use{};
      getrusage(RUSAGE_SELF, &use);
      return static_cast<double>(use.ru_maxrss) / 1024;
    };
    Cost cost;
    const double start = seconds(), base = mebibytes();
    try {
      work();
    } catch (const std::exception& error) {
      std::strncpy(cost.fault.data(), error.what(), cost.fault.size() - 1);
    }
    cost.seconds = seconds() - start;
    cost.mebibytes = mebibytes() - base;
    const bool written = write(ends[1], &cost, sizeof(cost)) == sizeof(cost);
    _exit(written ? 0 : 1);
  }
  close(ends[1]);
  Cost cost;
  const bool whole = read(ends[0], &cost, sizeof(cost)) == sizeof(cost);
  close(ends[0]);
  int status = 1;
  waitpid(child, &status, 0);
  EXPECT_TRUE(whole && status == 0) << "the child ended with status " << status;
  return cost;
}

inline std::size_t input_bytes(const std::string& text) { return text.size(); }
inline std::size_t input_bytes(const std::filesystem::path& file) { return std::filesystem::file_size(file); }

// For CPU time with twice the input: 2.3 if LINNET_GROWTH is set, a little more on a busy machine. Quadratic work grows
// by 4.
inline const double kMostGrowth = std::getenv("LINNET_GROWTH") != nullptr ? 2.3 : 2.8;
inline constexpr double kNoiseSeconds = 0.004;  // shorter runs are unreliable; choose a larger `first`

// `make(n)` returns an input of n parts; measures `work(input)`. `refused`: the work is expected to throw.
template <class Make, class Work>
void expect_linear(std::size_t first, const Make& make, const Work& work, bool refused = false) {
  constexpr std::size_t kSizes = 4;
  std::array<decltype(make(first)), kSizes> inputs;
  std::array<double, kSizes> seconds{};
  for (std::size_t i = 0; i < kSizes; ++i) inputs[i] = make(first << i);
  const auto measure = [&](std::size_t i) {
    const Cost cost = cost_of([&] { work(inputs[i]); });
    if (!refused) {
      EXPECT_STREQ(cost.fault.data(), "");
    }
    const double limit = 64 + 2.0 * static_cast<double>(input_bytes(inputs[i])) / (1 << 20);
    if (!kSanitized) {
      EXPECT_LE(cost.mebibytes, limit) << "MiB for " << (first << i) << " parts";
    }
    return cost.seconds;
  };
  for (std::size_t i = 0; i < kSizes; ++i) seconds[i] = measure(i);
  const auto growth = [&] { return std::cbrt(seconds[kSizes - 1] / std::max(seconds[0], kNoiseSeconds)); };
  // The shortest of several runs: other programs only slow them down.
  for (int again = 0; again < 12 && growth() > kMostGrowth; ++again)
    for (std::size_t i = 0; i < kSizes; ++i) seconds[i] = std::min(seconds[i], measure(i));
  if (!kSanitized) {
    EXPECT_LE(growth(), kMostGrowth) << (first << 3) << " parts take " << seconds[3] << " s, an eighth of them "
                                     << seconds[0];
  }
}

}  // namespace linnet::test
