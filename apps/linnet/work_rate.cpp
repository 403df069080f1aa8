#include "work_rate.h"

#include <algorithm>
#include <cmath>

namespace linnet::app {

namespace {

constexpr double kMemorySeconds = 30;

}  // namespace

void WorkRate::measure(std::int64_t done, double seconds) {
  const double elapsed = seconds - seconds_, kept = std::exp(-elapsed / kMemorySeconds);
  recent_done_ = recent_done_ * kept + static_cast<double>(done - done_);
  recent_seconds_ = recent_seconds_ * kept + elapsed;
  done_ = done;
  seconds_ = seconds;
}

double WorkRate::per_second() const {
  return recent_done_ > 0 && recent_seconds_ > 0 ? recent_done_ / recent_seconds_ : 0;
}

std::optional<std::int64_t> WorkRate::seconds_left(std::int64_t total) const {
  const double rate = per_second();
  if (rate <= 0 || total <= done_) return std::nullopt;
  return std::llround(std::min(static_cast<double>(total - done_) / rate, 1e9));
}

}  // namespace linnet::app
