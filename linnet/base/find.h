// Search in time linear in both texts; std::string::find is quadratic for repetitive texts.
//
//   find_text("abcb", "b", 2);   // 3
//   rfind_text("abcb", "b");     // 3; npos if absent
#pragma once

#include <cstddef>
#include <string_view>

namespace linnet {

std::size_t find_text(std::string_view text, std::string_view part, std::size_t from = 0);
std::size_t rfind_text(std::string_view text, std::string_view part);

}  // namespace linnet
