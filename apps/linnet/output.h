// Results go to stdout, everything else to stderr.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/base/json.h"
#include "linnet/base/printable.h"

namespace linnet::app {

// Writes a result immediately (streams and JSON lines are read while the program runs), byte for byte: JSON, vectors,
// generated text. A closed pipe ends the program quietly; any other failure is kRuntime.
void print_result(std::string_view text);
// Prints generated or decoded text: byte for byte to a pipe or file; on a terminal its control characters are escaped,
// except newlines and tabs, since they could move the cursor or change the title.
void print_generated(std::string_view text);
// Prints one JSON value on a line.
void print_json(const Json& value);
// --quiet prints no notes and progress; --verbose also prints what is loaded and how.
enum class Verbosity : std::uint8_t { kQuiet, kNormal, kVerbose };
void set_verbosity(Verbosity verbosity);

// Prints a note on stderr, unless --quiet.
void print_note(const Printable& text);
// Printable text with its newlines and tabs: a prompt, an answer.
Printable shown_lines(std::string_view text);
// Prints requested output on stderr (--show-prompt), also with --quiet.
void print_requested(const Printable& text);
// `linnet: error: …`
void print_error(const Printable& message);

// A table of columns, the first row is the header; numbers are right-aligned.
using Table = std::vector<std::vector<Printable>>;
Printable format_table(const Table& rows);

// "1.2 GB"; "134.5 M".
Printable format_bytes(double bytes);
Printable format_count(double count);

// The number whose shortest decimal, which JSON prints, gives the same float.
double shortest_decimal(float value);

bool stderr_is_terminal();
// Colours and bars are possible: stderr is a terminal that can move its cursor, and NO_COLOR is not set.
bool stderr_takes_bars();
bool wants_notes();  // not with --quiet

}  // namespace linnet::app
