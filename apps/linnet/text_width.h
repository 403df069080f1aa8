// How many cells of a terminal a text takes: two for a wide character (Chinese, Japanese, Korean, emoji), none for a
// combining mark.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace linnet::app {

std::size_t display_width(std::string_view text);

// The text where it fits; else as much of its beginning as fits, with "…" behind. Never wider than `cells`.
std::string cut_to_width(std::string_view text, std::size_t cells);

}  // namespace linnet::app
