// "Did you mean": names in order of edit distance.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace linnet::models {

std::size_t edit_distance(std::string_view a, std::string_view b);  // Levenshtein, in bytes
// Nearest first; ties keep their order.
std::vector<std::string> nearest_first(std::string_view wanted, std::vector<std::string> known);

}  // namespace linnet::models
