// "Did you mean": the known names nearest to one that is unknown.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace linnet::app {

// Up to `limit` of `names`, by edit distance (capitals do not count), nearest first.
std::vector<std::string> nearest_names(std::string_view name, std::span<const std::string> names, std::size_t limit);

}  // namespace linnet::app
