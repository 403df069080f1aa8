// Progress of long work on stderr: one line that is redrawn and fits any width of the terminal; without a terminal, a
// line after two seconds and then one every 30 seconds.
//
//   Progress bar("classifying", texts.size(), "texts");
//   for (…) bar.advance();
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "linnet/base/printable.h"
#include "progress_line.h"
#include "work_rate.h"

namespace linnet::app {

class Progress {
 public:
  enum class Unit : std::uint8_t { kItems, kBytes };

  // `total` 0: unknown, only the count is printed.
  Progress(Printable label, std::int64_t total, std::string unit_name, Unit unit = Unit::kItems);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(std::int64_t by = 1) { set(done_ + by); }
  void set(std::int64_t done);
  void set_total(std::int64_t total);
  // Work before a resumed run: it counts for the fraction, not for the speed.
  void start_at(std::int64_t done);
  // Printed after the count: "loss 0.31".
  void set_note(Printable note);

  // Hides the line before other output; the next `set` redraws it. Any thread may call it.
  static void hide();

 private:
  using Clock = std::chrono::steady_clock;
  ProgressFacts facts() const;
  void draw();

  std::string label_, unit_name_, note_;
  std::int64_t done_ = 0, total_;
  Unit unit_;
  Clock::time_point start_, shown_;
  WorkRate rate_;
};

}  // namespace linnet::app
