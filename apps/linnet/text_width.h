// The width of a terminal, and the cells of a text: two for a wide character (Chinese, Japanese, Korean, emoji), none
// for a combining mark.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace linnet::app {

// Columns of the terminal of a file descriptor; empty if it is not a terminal or has no size.
std::optional<int> terminal_columns(int descriptor);

std::size_t display_width(std::string_view text);

// The text if it fits, else its beginning and "…". Never wider than `cells`.
std::string cut_to_width(std::string_view text, std::size_t cells);

}  // namespace linnet::app
