#include "byte_size.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "linnet/base/error.h"

namespace linnet::app {

namespace {

// The factor of a unit, 0 for an unknown one.
double factor_of(std::string unit) {
  std::transform(unit.begin(), unit.end(), unit.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  if (unit.empty() || unit == "B") return 1;
  const std::size_t power = std::string_view("KMGT").find(unit.front()) + 1;
  if (power == 0 || power > 4) return 0;
  const std::string rest = unit.substr(1);
  if (rest.empty() || rest == "IB") return std::pow(1024.0, static_cast<double>(power));
  return rest == "B" ? std::pow(1000.0, static_cast<double>(power)) : 0;
}

}  // namespace

std::size_t parse_bytes(const Command& command, const std::string& option, const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const double factor = factor_of(std::string(end, text.data() + text.size()));
  const double bytes = number * factor;
  if (error != std::errc() || !(bytes >= 1) || bytes > 1e18)
    command.wrong_usage(fmt::format("{} takes an amount as 4G or 512M; '{}' is none", option, printable(text, 40)));
  return static_cast<std::size_t>(bytes);
}

}  // namespace linnet::app
