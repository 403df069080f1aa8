#include "linnet/generate/stop_text.h"

#include <algorithm>
#include <utility>

namespace linnet::generate {

StopText::StopText(std::vector<std::string> stops) : stops_(std::move(stops)) { std::erase(stops_, ""); }

std::string StopText::push(std::string_view piece) {
  if (found_) return {};
  held_ += piece;
  std::size_t at = held_.npos, keep = 0;
  for (const std::string& stop : stops_) {
    at = std::min(at, held_.find(stop));
    for (std::size_t n = std::min(stop.size() - 1, held_.size()); n > keep; --n)
      if (std::string_view(held_).ends_with(std::string_view(stop).substr(0, n))) keep = n;
  }
  found_ = at != held_.npos;
  const std::size_t certain = found_ ? at : held_.size() - keep;
  std::string out = held_.substr(0, certain);
  held_.erase(0, found_ ? held_.size() : certain);
  return out;
}

std::string StopText::finish() { return std::exchange(held_, {}); }

}  // namespace linnet::generate
