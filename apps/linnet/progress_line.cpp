#include "progress_line.h"

#include <fmt/format.h>

#include <algorithm>

#include "text_width.h"

namespace linnet::app {

namespace {

constexpr std::size_t kWholeBar = 24, kShortestBar = 6, kShortestLabel = 8;

// The printed parts, most detailed first.
struct Shown {
  std::string note, rate, unit, amount, left, label;
  std::size_t bar;
};

std::string composed(const ProgressFacts& facts, const Shown& shown) {
  std::string line = shown.label;
  const auto add = [&](std::string_view separator, const std::string& part) {
    if (part.empty()) return;
    if (!line.empty()) line += separator;
    line += part;
  };
  if (!facts.total.empty()) {
    const auto filled = static_cast<std::size_t>(facts.share * static_cast<double>(shown.bar));
    if (shown.bar > 0) add(" ", fmt::format("[{}{}]", std::string(filled, '#'), std::string(shown.bar - filled, '.')));
    add(" ", fmt::format("{:3.0f} %", 100 * facts.share));
  }
  add(" ", shown.amount);
  add(" ", shown.unit);
  add(", ", shown.rate);
  add(", ", shown.left);
  add(", ", shown.note);
  return line;
}

std::string amount(const ProgressFacts& facts) {
  return facts.total.empty() ? facts.done : facts.done + "/" + facts.total;
}

std::string time_left(const ProgressFacts& facts) {
  return facts.seconds_left ? format_duration(*facts.seconds_left) + " left" : "";
}

}  // namespace

std::string format_duration(std::int64_t seconds) {
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {:02} min", seconds / 3600, seconds / 60 % 60);
}

std::string progress_line(const ProgressFacts& facts, int columns) {
  const auto cells = static_cast<std::size_t>(std::max(columns - 1, 1));
  Shown shown{.note = facts.note,
              .rate = facts.rate,
              .unit = facts.unit,
              .amount = amount(facts),
              .left = time_left(facts),
              .label = facts.label,
              .bar = facts.total.empty() ? 0 : kWholeBar};
  std::string line;
  const auto fits = [&] {
    line = composed(facts, shown);
    return display_width(line) <= cells;
  };
  while (!fits() && !shown.note.empty()) {
    const auto comma = shown.note.rfind(',');
    shown.note.resize(comma == shown.note.npos ? 0 : comma);
  }
  const auto drop = [&](std::string& part) {
    if (!fits()) part.clear();
  };
  drop(shown.rate);
  while (!fits() && shown.bar > kShortestBar) --shown.bar;
  if (!fits()) shown.bar = 0;
  if (!fits()) {
    const std::size_t over = display_width(line) - cells, width = display_width(shown.label);
    shown.label = cut_to_width(shown.label, std::max(std::min(width, kShortestLabel), width > over ? width - over : 0));
  }
  drop(shown.unit);
  drop(shown.amount);
  drop(shown.left);
  if (!fits()) {
    const std::size_t rest = display_width(line) - display_width(shown.label);
    shown.label = cut_to_width(shown.label, cells > rest ? cells - rest : 0);
  }
  return fits() ? line : cut_to_width(line, cells);
}

std::string progress_note(const ProgressFacts& facts) {
  std::string line = facts.label + ": " + amount(facts);
  if (!facts.unit.empty()) line += " " + facts.unit;
  if (!facts.rate.empty()) line += ", " + facts.rate;
  if (facts.seconds_left) line += ", about " + time_left(facts);
  if (!facts.note.empty()) line += ", " + facts.note;
  return line;
}

}  // namespace linnet::app
