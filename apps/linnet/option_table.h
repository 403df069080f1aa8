// Every option of the program as data: names, help, range and owner. Command adds its options from this table; --help,
// manual pages, completions and the tables of docs/cli.md are generated from it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "linnet/base/option_rule.h"

namespace linnet::app {

struct OptionRow {
  std::string_view names;  // "-n,--max-new-tokens", "--unit,!--no-unit" with its opposite, or positional: "text"
  std::string_view help;
  // Its field in the library, if the name differs; its range; its owner, by the owner's field.
  OptionRule rule = {};

  std::string_view flag() const;  // its longest name: "--unit", "text"
  std::string field() const;      // "learning_rate"
};

struct OptionGroup {
  std::string_view verbs, title;  // "classify fill embed"; "" means all verbs
  std::span<const OptionRow> rows;

  bool is_of(std::string_view verb) const;
};

std::span<const OptionGroup> option_groups();

struct OptionPlace {
  const OptionGroup* group;
  const OptionRow* row;
};
// The option of a verb by its flag, or by its field; it must exist.
OptionPlace find_option(std::string_view verb, std::string_view flag);
OptionPlace find_field(std::string_view verb, std::string_view field);

// The owner of an option of a verb: "--method lora", "--perplexity"; "" if it has none.
std::string owner_text(const OptionRow& row, std::string_view verb);

// The flag of a library's field: "learning_rate" -> "--learning-rate".
std::string flag_of(std::string_view field);

}  // namespace linnet::app
