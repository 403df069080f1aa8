// "Did you mean": the known names that are closest to an unknown one.
//
//   fail(ErrorKind::kBadInput, "{}: unknown; the nearest: {}", name, fmt::join(nearest_names(name, known, 3), ", "));
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace linnet {

// Levenshtein distance in bytes.
std::size_t edit_distance(std::string_view a, std::string_view b);

// `names` sorted by edit distance (case is ignored; ties keep their order); at most `limit`.
std::vector<std::string> nearest_names(std::string_view name, std::span<const std::string> names,
                                       std::size_t limit = SIZE_MAX);

}  // namespace linnet
