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
#include "linnet/base/log.h"
#include "progress.h"
#include "text_width.h"

namespace linnet::app {

void print_result(std::string_view text) {
  Progress::hide();
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return;
  if (errno == EPIPE) throw Exit{0};
  fail(ErrorKind::kRuntime, "standard output: {}; is the disk full?", std::strerror(errno));
}

void print_generated(std::string_view text) {
  if (isatty(STDOUT_FILENO) == 1)
    print_result(shown_lines(text).text());
  else
    print_result(text);
}

void print_json(const Json& value) { print_result(dump_json(value) + "\n"); }

namespace {

Verbosity chosen_verbosity = Verbosity::kNormal;

}  // namespace

void set_verbosity(Verbosity verbosity) {
  chosen_verbosity = verbosity;
  set_log_level(verbosity == Verbosity::kQuiet     ? LogLevel::kWarning
                : verbosity == Verbosity::kVerbose ? LogLevel::kDebug
                                                   : LogLevel::kNote);
}

bool wants_notes() { return chosen_verbosity != Verbosity::kQuiet; }

void print_note(const Printable& text) {
  if (wants_notes()) print_requested(text);
}

void print_requested(const Printable& text) {
  Progress::hide();
  std::fwrite(text.text().data(), 1, text.text().size(), stderr);
  std::fputc('\n', stderr);
}

Printable shown_lines(std::string_view text) {
  std::string lines;
  for (;;) {
    const auto end = text.find_first_of("\n\t");
    lines += printable(text.substr(0, end), SIZE_MAX).text();
    if (end == text.npos) return Printable::trusted(std::move(lines));
    lines += text[end];
    text.remove_prefix(end + 1);
  }
}

void print_error(const Printable& message) { print_requested(format_printable("linnet: error: {}", message)); }

namespace {

bool numeric(std::string_view cell) {
  return !cell.empty() && cell.find_first_not_of("0123456789.,+-e% ") == std::string_view::npos;
}

}  // namespace

Printable format_table(const Table& rows) {
  std::vector<std::size_t> widths;
  std::vector<bool> to_the_right;  // true if every cell below the header is a number
  for (const auto& row : rows) {
    if (row.size() > widths.size()) widths.resize(row.size(), 0);
    to_the_right.resize(widths.size(), rows.size() > 1);
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(row[i].text()));
      if (&row != &rows.front() && !numeric(row[i].text())) to_the_right[i] = false;
    }
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string blanks(widths[i] - display_width(row[i].text()), ' ');
      const bool last = i + 1 == row.size();
      const std::string& cell = row[i].text();
      text += to_the_right[i] ? blanks + cell : cell + (last ? "" : blanks);
      text += last ? "\n" : "  ";
    }
  }
  return Printable::trusted(std::move(text));  // the cells are printable, and only the newlines are added
}

namespace {

Printable scaled(double value, double step, std::array<const char*, 5> units) {
  std::size_t unit = 0;
  while (value >= step && unit + 1 < units.size()) {
    value /= step;
    ++unit;
  }
  return unit == 0 ? format_printable("{:.0f}{}", value, units[0]) : format_printable("{:.1f}{}", value, units[unit]);
}

}  // namespace

Printable format_bytes(double bytes) { return scaled(bytes, 1000, {" B", " kB", " MB", " GB", " TB"}); }
Printable format_count(double count) { return scaled(count, 1000, {"", " k", " M", " G", " T"}); }

double shortest_decimal(float value) { return std::strtod(fmt::format("{}", value).c_str(), nullptr); }

bool stderr_is_terminal() { return isatty(STDERR_FILENO) == 1; }

bool stderr_takes_bars() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal == nullptr || *terminal == '\0' || std::string_view(terminal) == "dumb";
  return stderr_is_terminal() && !dumb && (no_color == nullptr || *no_color == '\0');
}

}  // namespace linnet::app
