#include "nearest.h"

#include <algorithm>
#include <cctype>
#include <numeric>

namespace linnet::app {

namespace {

std::size_t distance(std::string_view a, std::string_view b) {
  const auto same = [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  };
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (same(a[i], b[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

std::vector<std::string> nearest_names(std::string_view name, std::span<const std::string> names, std::size_t limit) {
  name = name.substr(0, 200);  // the table grows with the product of both lengths
  std::vector<std::pair<std::size_t, std::string>> ranked;
  for (const std::string& known : names) ranked.emplace_back(distance(name, known), known);
  std::sort(ranked.begin(), ranked.end());
  std::vector<std::string> result;
  for (std::size_t i = 0; i < std::min(limit, ranked.size()); ++i) result.push_back(ranked[i].second);
  return result;
}

}  // namespace linnet::app
