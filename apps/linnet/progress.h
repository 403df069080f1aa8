// One bar on stderr for work that takes over a second; nothing at all where stderr is no terminal.
//
//   Progress bar("classifying", texts.size(), "texts");
//   for (…) bar.advance();
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace linnet::app {

class Progress {
 public:
  enum class Unit : std::uint8_t { kItems, kBytes };

  // `total` 0: unknown, only the count is shown.
  Progress(std::string label, std::int64_t total, std::string unit_name, Unit unit = Unit::kItems);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(std::int64_t by = 1) { set(done_ + by); }
  void set(std::int64_t done);
  void set_total(std::int64_t total) { total_ = total; }
  // Shown behind the count: "loss 0.31".
  void set_note(std::string note) { note_ = std::move(note); }

  // Takes the bar away before something else is printed; the next `set` draws it again.
  static void hide();

 private:
  using Clock = std::chrono::steady_clock;
  void draw(Clock::time_point now);

  std::string label_, unit_name_, note_;
  std::int64_t done_ = 0, total_;
  Unit unit_;
  bool wanted_;
  Clock::time_point start_, drawn_;
};

}  // namespace linnet::app
