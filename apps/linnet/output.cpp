#include "output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "command.h"
#include "linnet/base/error.h"
#include "linnet/base/utf8.h"
#include "progress.h"

namespace linnet::app {

void print_result(std::string_view text) {
  Progress::hide();
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return;
  if (errno == EPIPE) throw Exit{0};
  fail(ErrorKind::kRuntime, "standard output: {}; is the disk full?", std::strerror(errno));
}

void print_json(const Json& value) { print_result(dump_json(value) + "\n"); }

void print_note(std::string_view text) {
  Progress::hide();
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fputc('\n', stderr);
}

void print_error(std::string_view message) { print_note(fmt::format("linnet: error: {}", message)); }

namespace {

bool numeric(std::string_view cell) {
  return !cell.empty() && cell.find_first_not_of("0123456789.,+-e% ") == std::string_view::npos;
}

}  // namespace

std::string format_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  std::vector<bool> to_the_right;  // every cell below the heading is a number
  for (const auto& row : rows) {
    if (row.size() > widths.size()) widths.resize(row.size(), 0);
    to_the_right.resize(widths.size(), rows.size() > 1);
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], utf8::count(row[i]));
      if (&row != &rows.front() && !numeric(row[i])) to_the_right[i] = false;
    }
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string blanks(widths[i] - utf8::count(row[i]), ' ');
      const bool last = i + 1 == row.size();
      text += to_the_right[i] ? blanks + row[i] : row[i] + (last ? "" : blanks);
      text += last ? "\n" : "  ";
    }
  }
  return text;
}

namespace {

std::string scaled(double value, double step, std::array<const char*, 5> units) {
  std::size_t unit = 0;
  while (value >= step && unit + 1 < units.size()) {
    value /= step;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f}{}", value, units[0]) : fmt::format("{:.1f}{}", value, units[unit]);
}

}  // namespace

std::string format_bytes(double bytes) { return scaled(bytes, 1000, {" B", " kB", " MB", " GB", " TB"}); }
std::string format_count(double count) { return scaled(count, 1000, {"", " k", " M", " G", " T"}); }

bool stderr_is_terminal() { return isatty(STDERR_FILENO) == 1; }

bool stderr_takes_bars() {
  const char* no_color = std::getenv("NO_COLOR");
  return stderr_is_terminal() && (no_color == nullptr || *no_color == '\0');
}

}  // namespace linnet::app
