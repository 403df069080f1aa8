// How wide a terminal is, and how many of its cells a text takes: two for a wide character (Chinese, Japanese, Korean,
// emoji), none for a combining mark.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace linnet::app {

// Of the terminal that a file descriptor is; nothing where it is none or does not know its size.
std::optional<int> terminal_columns(int descriptor);

std::size_t display_width(std::string_view text);

// The text where it fits; else as much of its beginning as fits, with "…" behind. Never wider than `cells`.
std::string cut_to_width(std::string_view text, std::size_t cells);

}  // namespace linnet::app
