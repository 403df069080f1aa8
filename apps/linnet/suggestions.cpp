#include "suggestions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "linnet/base/nearest.h"

namespace linnet::app {

namespace {

constexpr std::size_t kMost = 3, kLongest = 64;  // a longer text is not a mistyped name

std::string folded(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kLongest))
    out += c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::vector<std::string> words(std::string_view name) {
  std::vector<std::string> list(1);
  for (const char c : name)
    if (c == '-')
      list.emplace_back();
    else
      list.back() += c;
  std::erase_if(list, [](const std::string& word) { return word.empty(); });
  return list;
}

std::string initials(std::string_view name) {
  std::string letters;
  for (const std::string& word : words(name)) letters += word.front();
  return letters;
}

bool share_a_word(std::string_view a, std::string_view b) {
  const auto of_a = words(a), of_b = words(b);
  return std::ranges::any_of(
      of_a, [&](const std::string& word) { return word.size() >= 4 && std::ranges::find(of_b, word) != of_b.end(); });
}

bool same_letters(std::string a, std::string b) {
  std::ranges::sort(a);
  std::ranges::sort(b);
  return a == b;
}

constexpr int kNotNear = 4;

// 0: the same thing … 3: a word in common; kNotNear.
int distance_class(const std::string& typed, const std::string& name, std::span<const Meaning> meanings) {
  const auto means = [&](const Meaning& m) { return m.word == typed && m.name == name; };
  if (typed == name || std::ranges::any_of(meanings, means)) return 0;
  if (name.starts_with(typed) || initials(name) == typed) return 1;
  const std::size_t most = std::max<std::size_t>(1, std::min(typed.size(), name.size()) / 3);
  if (edit_distance(typed, name) <= most || same_letters(typed, name)) return 2;
  return share_a_word(typed, name) ? 3 : kNotNear;
}

}  // namespace

std::vector<std::string> suggestions(std::string_view typed, std::span<const std::string> names,
                                     std::span<const Meaning> meanings) {
  const std::string wanted = folded(typed);
  if (wanted.empty() || typed.size() > kLongest) return {};
  struct Candidate {
    int near;
    std::size_t distance;
    const std::string* name;
  };
  std::vector<Candidate> ranked;
  for (const std::string& name : names) {
    const std::string known = folded(name);
    const int near = distance_class(wanted, known, meanings);
    if (near < kNotNear) ranked.push_back({near, edit_distance(wanted, known), &name});
  }
  std::ranges::stable_sort(ranked, {}, [](const Candidate& c) { return std::pair(c.near, c.distance); });
  std::vector<std::string> result;
  for (const Candidate& c : ranked)
    if (c.near == ranked.front().near && result.size() < kMost) result.push_back(*c.name);
  return result;
}

std::string nearest_clause(std::string_view typed, std::span<const std::string> names,
                           std::span<const Meaning> meanings) {
  const auto near = suggestions(typed, names, meanings);
  return near.empty() ? "" : fmt::format("; the nearest: {}", fmt::join(near, ", "));
}

}  // namespace linnet::app
