// How fast work goes: recent work counts more than old work, so that the figure follows the work without jumping.
#pragma once

#include <cstdint>
#include <optional>

namespace linnet::app {

class WorkRate {
 public:
  // Work that was done before (a resumed run) counts for nothing.
  void start_at(std::int64_t done) { done_ = done; }
  // `done` units in all, `seconds` after the beginning.
  void measure(std::int64_t done, double seconds);

  double per_second() const;  // 0 until something was done
  // Of what is left of `total`; empty until something was done.
  std::optional<std::int64_t> seconds_left(std::int64_t total) const;

 private:
  std::int64_t done_ = 0;
  double seconds_ = 0, recent_done_ = 0, recent_seconds_ = 0;
};

}  // namespace linnet::app
