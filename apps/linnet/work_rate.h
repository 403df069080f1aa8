// The speed of work: recent work has a higher weight, so that the rate follows changes smoothly.
#pragma once

#include <cstdint>
#include <optional>

namespace linnet::app {

class WorkRate {
 public:
  // Work before a resumed run does not count.
  void start_at(std::int64_t done) { done_ = done; }
  // `done` units in total, `seconds` after the start.
  void measure(std::int64_t done, double seconds);

  double per_second() const;  // 0 before the first work
  // For the rest of `total`; empty before the first work.
  std::optional<std::int64_t> seconds_left(std::int64_t total) const;

 private:
  std::int64_t done_ = 0;
  double seconds_ = 0, recent_done_ = 0, recent_seconds_ = 0;
};

}  // namespace linnet::app
