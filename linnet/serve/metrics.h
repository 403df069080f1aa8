// Counters in the text format of Prometheus. Any thread may count.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace linnet::serve {

class Histogram {
 public:
  void add(double seconds);
  // Lines of a metric, without its HELP and TYPE.
  std::string text(const std::string& name) const;

  static constexpr std::array<double, 12> kBounds{0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60};

 private:
  mutable std::mutex mutex_;
  std::array<std::uint64_t, kBounds.size() + 1> counts_{};
  double sum_ = 0;
};

struct Gauges {  // of this moment
  std::size_t running = 0, waiting = 0, sequences = 0;
  std::size_t blocks_used = 0, blocks_all = 0;
  std::int64_t computed = 0, found = 0, preempted = 0;
};

class Metrics {
 public:
  void count_request(const std::string& route, int status);
  void count_tokens(std::int64_t prompt, std::int64_t generated);
  Histogram first_token, between_tokens, whole_request;

  std::string text(const Gauges& now) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, std::uint64_t> requests_;
  std::atomic<std::int64_t> prompt_ = 0, generated_ = 0;
};

}  // namespace linnet::serve
