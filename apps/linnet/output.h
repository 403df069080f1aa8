// Results go to stdout, everything else to stderr.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/base/json.h"
#include "linnet/base/printable.h"

namespace linnet::app {

// Writes a result at once (streams and JSON lines are read while the program runs), byte for byte: JSON, vectors, what
// a model wrote. A closed pipe ends the program quietly; any other failure is kRuntime.
void print_result(std::string_view text);
// Text that a model wrote or that tokens decode to: byte for byte into a pipe or a file; on a terminal, where it could
// move the cursor or change the title, its control characters are escaped and line ends and tabs stay.
void print_generated(std::string_view text);
// One JSON value on a line of its own.
void print_json(const Json& value);
// --quiet leaves out notes and progress; --verbose adds what is loaded and how.
enum class Verbosity : std::uint8_t { kQuiet, kNormal, kVerbose };
void set_verbosity(Verbosity verbosity);

// A note for people, on stderr; nothing with --quiet.
void print_note(const Printable& text);
// Text of several lines that stay lines, with its tabs: a prompt, an answer.
Printable shown_lines(std::string_view text);
// What the user asked to see on stderr (--show-prompt), also with --quiet.
void print_requested(const Printable& text);
// `linnet: error: …`
void print_error(const Printable& message);

// Rows in columns, the first row a heading; numbers to the right.
using Table = std::vector<std::vector<Printable>>;
Printable format_table(const Table& rows);

// "1.2 GB"; "134.5 M".
Printable format_bytes(double bytes);
Printable format_count(double count);

// The number whose shortest decimal, which JSON prints, reads back as the same float.
double shortest_decimal(float value);

bool stderr_is_terminal();
// Colours and bars: stderr is a terminal that can move its cursor, and NO_COLOR is not set.
bool stderr_takes_bars();
bool wants_notes();  // not with --quiet

}  // namespace linnet::app
