// Every option of the program as data: its names, what it means, what it may be and what it belongs to. Command adds
// its options from here; --help, manual pages, completions and the tables of docs/cli.md are made of it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "linnet/base/option_rule.h"

namespace linnet::app {

struct OptionRow {
  std::string_view names;  // "-n,--max-new-tokens", "--unit,!--no-unit" with its opposite, "text" for what has no flag
  std::string_view help;
  // Its field in the library, where that is called otherwise; the range of its number; what it belongs to. An owner is
  // named by its field.
  OptionRule rule = {};

  std::string_view flag() const;  // its longest name: "--unit", "text"
  std::string field() const;      // "learning_rate"
};

struct OptionGroup {
  std::string_view verbs, title;  // "classify fill embed"; "" are all verbs
  std::span<const OptionRow> rows;

  bool is_of(std::string_view verb) const;
};

std::span<const OptionGroup> option_groups();

struct OptionPlace {
  const OptionGroup* group;
  const OptionRow* row;
};
// The option of a verb by its flag, or by its field; it must be there.
OptionPlace find_option(std::string_view verb, std::string_view flag);
OptionPlace find_field(std::string_view verb, std::string_view field);

// What a row's option of a verb belongs to: "--method lora", "--perplexity"; "" where it belongs to none.
std::string owner_text(const OptionRow& row, std::string_view verb);

// What the library calls an option, as the command line does: "learning_rate" -> "--learning-rate".
std::string flag_of(std::string_view field);

}  // namespace linnet::app
