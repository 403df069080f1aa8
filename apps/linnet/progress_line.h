// The text of a progress line for a terminal of a given width: the least important parts are dropped.
//
//   progress_line({.label = "training", .done = "12", .total = "80", .share = 0.15, .unit = "steps"}, 80)
//   -> "training [###.....................]  15 % 12/80 steps"
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace linnet::app {

struct ProgressFacts {
  std::string label, done, total, unit;      // total: empty when unknown
  double share = 0;                          // 0 … 1 of a known total
  std::string rate;                          // "3.1/s"
  std::optional<std::int64_t> seconds_left;  // unknown until a rate is known
  std::string note;                          // "loss 0.31, lr 2e-5"; its last parts are dropped first
};

// At most `columns - 1` cells, so that no terminal wraps it; not empty for any width of 2 or more.
std::string progress_line(const ProgressFacts& facts, int columns);

// The same in words, for a log: "training: 12/80 steps, 3.1/s, about 22 s left, loss 0.31".
std::string progress_note(const ProgressFacts& facts);

// "5 s", "2 min 05 s", "3 h 20 min".
std::string format_duration(std::int64_t seconds);

}  // namespace linnet::app
