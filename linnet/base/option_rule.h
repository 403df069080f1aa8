// The range of an option and the option that it belongs to: one table for the library's checks and for a program that
// knows which options were given.
//
//   inline constexpr OptionRule kTrainRules[] = {{"epochs", at_least(1)}, {"lora_rank", at_least(1), "method",
//   "lora"}}; check_range(rule_of(kTrainRules, "epochs"), options.epochs);          // "epochs: 0 is not 1 or more"
#pragma once

#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace linnet {

// A range of numbers. It never contains infinity or NaN.
struct Range {
  double least = -std::numeric_limits<double>::infinity(), most = std::numeric_limits<double>::infinity();
  bool without_least = false, without_most = false;

  bool contains(double value) const;
  std::string text() const;  // "from 0 to 1", "above 0"; "" if unlimited
};
constexpr Range at_least(double least) { return {.least = least}; }
constexpr Range above(double least) { return {.least = least, .without_least = true}; }
constexpr Range between(double least, double most) { return {.least = least, .most = most}; }
constexpr Range above_to(double least, double most) { return {.least = least, .most = most, .without_least = true}; }
constexpr Range below_one() { return {.least = 0, .most = 1, .without_most = true}; }

struct OptionRule {
  const char* field = "";
  Range range = {};
  const char* owner = "";   // the option has an effect only with this one …
  const char* values = "";  // … if that has one of these values: "lora", "prompt,prefix"; "": any

  bool takes(std::string_view value_of_owner) const;
};

constexpr const OptionRule& rule_of(std::span<const OptionRule> rules, std::string_view field) {
  for (const OptionRule& rule : rules)
    if (rule.field == field) return rule;
  throw std::logic_error("no rule has this field");
}

// Throws kInvalidArgument about the option.
void check_range(const OptionRule& rule, double value);
void check_owner(const OptionRule& rule, bool is_set, std::string_view value_of_owner);

}  // namespace linnet
