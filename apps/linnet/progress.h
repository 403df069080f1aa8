// Progress on stderr of work that takes a while: one line that is drawn again and fits any width of the terminal; where
// stderr takes no bars, a line after two seconds and then one every 30 seconds.
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

  // `total` 0: unknown, only the count is shown.
  Progress(Printable label, std::int64_t total, std::string unit_name, Unit unit = Unit::kItems);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(std::int64_t by = 1) { set(done_ + by); }
  void set(std::int64_t done);
  void set_total(std::int64_t total);
  // What was done before this run (a resumed one): it counts towards the share, not towards the speed.
  void start_at(std::int64_t done);
  // Shown behind the count: "loss 0.31".
  void set_note(Printable note);

  // Takes the line away before something else is printed; the next `set` draws it again. Any thread.
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
