// "Did you mean": suggestions for a mistyped verb, option or value.
//
//   suggestions("temp", {"top-k", "temperature"}, {})  ->  {"temperature"}
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace linnet::app {

// A name in another program, and the name here.
struct Meaning {
  std::string_view word, name;
};

// At most three of `names`, most likely first, in a fixed order: those with the same meaning, else with it as prefix or
// initials, else at a small edit distance, else with a common word. Empty if none is near.
std::vector<std::string> suggestions(std::string_view typed, std::span<const std::string> names,
                                     std::span<const Meaning> meanings = {});

// "; the nearest: a, b" with the suggestions, or "".
std::string nearest_clause(std::string_view typed, std::span<const std::string> names,
                           std::span<const Meaning> meanings = {});

}  // namespace linnet::app
