#include "progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <mutex>

#include "output.h"
#include "terminal_state.h"
#include "text_width.h"

namespace linnet::app {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kFirstBar = seconds(1), kFirstNote = seconds(2), kBetweenNotes = seconds(30);
constexpr auto kBetweenBars = milliseconds(100);

// Guards this file's state and every Progress: the signal thread also hides and draws.
std::timed_mutex drawing;
Progress* shown = nullptr;    // the Progress whose line is on the terminal
std::size_t drawn_cells = 0;  // its width

int columns_of_stderr() { return terminal_columns(STDERR_FILENO).value_or(80); }

std::string erasure(int columns) {
  const std::size_t above = drawn_cells == 0 ? 0 : (drawn_cells - 1) / static_cast<std::size_t>(columns);
  return above > 0 && terminal_breaks_lines() ? fmt::format("\033[{}A\r\033[J", above) : "\r\033[K";
}

void erase() {
  if (shown == nullptr) return;
  const std::string codes = erasure(columns_of_stderr());
  std::fwrite(codes.data(), 1, codes.size(), stderr);
  std::fflush(stderr);
  shown = nullptr;
  drawn_cells = 0;
}

}  // namespace

Progress::Progress(Printable label, std::int64_t total, std::string unit_name, Unit unit)
    : label_(label.text()),
      unit_name_(std::move(unit_name)),
      total_(total),
      unit_(unit),
      start_(Clock::now()),
      shown_(start_) {}

Progress::~Progress() {
  const std::lock_guard lock(drawing);
  if (shown == this) erase();
}

// A thread that is stuck in writing to the terminal must not prevent the end of the program.
void Progress::hide() {
  const std::unique_lock lock(drawing, milliseconds(200));
  if (lock.owns_lock()) erase();
}

void Progress::set_total(std::int64_t total) {
  const std::lock_guard lock(drawing);
  total_ = total;
}

void Progress::start_at(std::int64_t done) {
  const std::lock_guard lock(drawing);
  done_ = done;
  rate_.start_at(done);
}

void Progress::set_note(Printable note) {
  const std::lock_guard lock(drawing);
  note_ = note.text();
}

void Progress::set(std::int64_t done) {
  ProgressFacts note;
  {
    const std::lock_guard lock(drawing);
    done_ = done;
    if (!wants_notes()) return;
    const auto now = Clock::now();
    const bool bars = stderr_takes_bars(), first = shown_ == start_;
    if (now - start_ < (bars ? kFirstBar : kFirstNote)) return;
    if (!first && now - shown_ < (bars ? Clock::duration(kBetweenBars) : Clock::duration(kBetweenNotes))) return;
    rate_.measure(done_, std::chrono::duration<double>(now - start_).count());
    shown_ = now;
    if (bars) return draw();
    note = facts();
  }
  print_note(Printable::trusted(progress_note(note)));  // label and note are printable
}

ProgressFacts Progress::facts() const {
  const auto amount = [&](double value) {
    return unit_ == Unit::kBytes ? format_bytes(value).text() : fmt::format("{:.0f}", value);
  };
  ProgressFacts facts;
  facts.label = label_;
  facts.done = amount(static_cast<double>(done_));
  facts.unit = unit_name_;
  facts.note = note_;
  if (total_ > 0) {
    facts.total = amount(static_cast<double>(total_));
    facts.share = std::clamp(static_cast<double>(done_) / static_cast<double>(total_), 0.0, 1.0);
  }
  const double rate = rate_.per_second();
  if (rate > 0) facts.rate = unit_ == Unit::kBytes ? format_bytes(rate).text() + "/s" : fmt::format("{:.3g}/s", rate);
  if (total_ > 0) facts.seconds_left = rate_.seconds_left(total_);
  return facts;
}

void Progress::draw() {
  const int columns = columns_of_stderr();
  const std::string line = progress_line(facts(), columns);
  const std::string text = (shown == nullptr ? "\r\033[K" : erasure(columns)) + line;
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
  shown = this;
  drawn_cells = display_width(line);
}

}  // namespace linnet::app
