#include "option_tables.h"

#include <fmt/format.h>

#include <algorithm>

namespace linnet::app {
namespace {

std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '|' ? "\\|" : std::string(1, c);
  return out;
}

const OptionInfo* find(const CommandInfo& command, const OptionRow& row) {
  for (const OptionInfo& option : command.options)
    if (option.positional == row.flag() || std::ranges::find(option.spellings, row.flag()) != option.spellings.end())
      return &option;
  return nullptr;
}

std::string line_of(const OptionInfo& option) {
  std::string name =
      option.spellings.empty() ? option.positional : fmt::format("{}", fmt::join(option.spellings, ", "));
  if (!option.spellings.empty() && !option.value.empty()) name += " " + option.value;
  return fmt::format("| `{}` | {}{} |\n", cell(name), cell(option.help), option.required ? " (required)" : "");
}

struct Section {
  std::span<const OptionRow> rows;
  std::vector<std::string> verbs;
  std::string title;  // "": the verbs have different titles for these options
  const CommandInfo* shown = nullptr;
};

// Groups with the same rows are one section.
std::vector<Section> sections_of(std::span<const CommandInfo> commands) {
  std::vector<Section> sections;
  for (const OptionGroup& group : option_groups()) {
    auto same = std::ranges::find_if(sections, [&](const Section& s) { return s.rows.data() == group.rows.data(); });
    const bool first = same == sections.end();
    if (first) same = sections.insert(same, {group.rows, {}, std::string(group.title)});
    if (!first) same->title.clear();
    for (const CommandInfo& command : commands) {
      if (!group.is_of(command.name)) continue;
      if (!group.verbs.empty()) same->verbs.push_back(fmt::format("`{}`", command.name));
      if (same->shown == nullptr) same->shown = &command;
    }
  }
  std::erase_if(sections, [](const Section& s) { return s.shown == nullptr; });
  return sections;
}

}  // namespace

std::string option_tables(std::span<const CommandInfo> commands) {
  std::string text =
      "## Options\n\nMade by `linnet documents` from the table that `--help` and the checks are made from; a test "
      "keeps "
      "it so. \"with\" names\nwhat an option belongs to: without it the option would do nothing and is refused (2), as "
      "a number out of its range is.\n";
  for (const Section& section : sections_of(commands)) {
    const std::string verbs = fmt::format("{}", fmt::join(section.verbs, ", "));
    const bool both = !verbs.empty() && !section.title.empty() && section.title != "Options";
    text += fmt::format("\n### {}{}{}\n\n| option | means |\n|---|---|\n", verbs, both ? ": " : "",
                        both || verbs.empty() ? section.title : "");
    for (const OptionRow& row : section.rows)
      if (const OptionInfo* const option = find(*section.shown, row)) text += line_of(*option);
  }
  return text;
}

}  // namespace linnet::app
