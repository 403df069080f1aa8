#include "progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "output.h"

namespace linnet::app {

namespace {

bool visible = false;  // a bar stands on the terminal's last line
constexpr int kBarCells = 24;

}  // namespace

Progress::Progress(std::string label, std::int64_t total, std::string unit_name, Unit unit)
    : label_(std::move(label)),
      unit_name_(std::move(unit_name)),
      total_(total),
      unit_(unit),
      wanted_(stderr_takes_bars()),
      start_(Clock::now()),
      drawn_(start_) {}

Progress::~Progress() { hide(); }

void Progress::hide() {
  if (!visible) return;
  std::fputs("\r\033[K", stderr);
  visible = false;
}

void Progress::set(std::int64_t done) {
  done_ = done;
  if (!wanted_) return;
  const auto now = Clock::now();
  if (now - start_ < std::chrono::seconds(1) || now - drawn_ < std::chrono::milliseconds(100)) return;
  draw(now);
}

void Progress::draw(Clock::time_point now) {
  drawn_ = now;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = static_cast<double>(done_) / seconds;
  const auto amount = [&](double value) {
    return unit_ == Unit::kBytes ? format_bytes(value) : fmt::format("{:.0f}", value);
  };
  std::string line = "\r\033[K" + label_;
  if (total_ > 0) {
    const double share = std::clamp(static_cast<double>(done_) / static_cast<double>(total_), 0.0, 1.0);
    const int filled = static_cast<int>(share * kBarCells);
    line += fmt::format(" [{}{}] {:3.0f} % {}/{}", std::string(filled, '#'), std::string(kBarCells - filled, '.'),
                        100 * share, amount(static_cast<double>(done_)), amount(static_cast<double>(total_)));
  } else {
    line += " " + amount(static_cast<double>(done_));
  }
  if (unit_ == Unit::kItems) line += " " + unit_name_;
  line += unit_ == Unit::kBytes ? fmt::format(", {}/s", format_bytes(rate)) : fmt::format(", {:.1f}/s", rate);
  if (total_ > done_ && done_ > 0) {
    const auto left = static_cast<std::int64_t>(static_cast<double>(total_ - done_) / rate);
    line += left >= 60 ? fmt::format(", {} min {:02} s left", left / 60, left % 60) : fmt::format(", {} s left", left);
  }
  if (!note_.empty()) line += ", " + note_;
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fflush(stderr);
  visible = true;
}

}  // namespace linnet::app
