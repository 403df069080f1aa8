#include "linnet/base/option_rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "linnet/base/error.h"

namespace linnet {

bool Range::contains(double value) const {
  if (!std::isfinite(value)) return false;
  return (without_least ? value > least : value >= least) && (without_most ? value < most : value <= most);
}

std::string Range::text() const {
  if (std::isinf(least)) return "";
  if (std::isinf(most)) return without_least ? fmt::format("above {}", least) : fmt::format("{} or more", least);
  if (without_least) return fmt::format("above {} and at most {}", least, most);
  return without_most ? fmt::format("at least {} and below {}", least, most)
                      : fmt::format("from {} to {}", least, most);
}

bool OptionRule::takes(std::string_view value_of_owner) const {
  for (std::string_view left = values; !left.empty();) {
    const std::size_t comma = std::min(left.find(','), left.size());
    if (left.substr(0, comma) == value_of_owner) return true;
    left.remove_prefix(std::min(comma + 1, left.size()));
  }
  return *values == '\0';
}

void check_range(const OptionRule& rule, double value) {
  const std::string text = rule.range.text();
  check_option(rule.range.contains(value), rule.field, "{} is not {}", value, text.empty() ? "a number" : text);
}

void check_owner(const OptionRule& rule, bool is_set, std::string_view value_of_owner) {
  check_option(!is_set || rule.takes(value_of_owner), rule.field, "does nothing with {} {}; it belongs to {}",
               option(rule.owner), value_of_owner, rule.values);
}

}  // namespace linnet
