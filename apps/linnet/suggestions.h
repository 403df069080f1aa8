// "Did you mean": the names that a mistyped name of a verb, an option or a value may stand for.
//
//   suggestions("temp", {"top-k", "temperature"}, {})  ->  {"temperature"}
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace linnet::app {

// What another program calls something, and what it is called here.
struct Meaning {
  std::string_view word, name;
};

// At most three of `names`, the likeliest first and always in the same order: those of the same meaning, else those
// that begin with it or have it as initials, else those at a small edit distance, else those with a word in common.
// Empty where nothing is near.
std::vector<std::string> suggestions(std::string_view typed, std::span<const std::string> names,
                                     std::span<const Meaning> meanings = {});

// "; the nearest: a, b" of these; empty without one.
std::string nearest_clause(std::string_view typed, std::span<const std::string> names,
                           std::span<const Meaning> meanings = {});

}  // namespace linnet::app
