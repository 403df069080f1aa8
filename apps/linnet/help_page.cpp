#include "help_page.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "text_width.h"

namespace linnet::app {

namespace {

constexpr std::size_t kIndent = 2, kLeast = 40, kWithoutTerminal = 80;

// Start column of explanations: names take at most 36 cells and two fifths of a line, none of a narrow line.
std::size_t second_column(std::size_t columns) {
  constexpr std::size_t kNarrow = 66, kBelow = 6, kWidest = 36;
  return columns < kNarrow ? kBelow : std::min(kWidest, columns * 2 / 5);
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

// Quoted text is one word.
std::vector<std::string_view> shell_words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t begin = 0, at = 0; begin < text.size(); begin = ++at) {
    bool quoted = false;
    for (; at < text.size() && (quoted || text[at] != ' '); ++at)
      if (text[at] == '\'') quoted = !quoted;
    words.push_back(text.substr(begin, at - begin));
  }
  return words;
}

// Appends `end` to each line except the last; indents later lines by `deeper`.
std::string join_words(const std::vector<std::string_view>& words, std::size_t columns, std::size_t indent,
                       std::string_view end, std::size_t deeper) {
  std::string lines;
  std::size_t used = 0;
  for (const std::string_view word : words) {
    const std::size_t width = display_width(word);
    const bool fits = used == 0 || used + 1 + width + end.size() <= columns;
    if (used == 0 || !fits) {
      if (!fits) lines += fmt::format("{}\n", end);
      used = indent + (fits ? 0 : deeper);
      lines += std::string(used, ' ');
    } else {
      lines += ' ';
      ++used;
    }
    lines += word;
    used += width;
  }
  return lines + "\n";
}

std::string name_of(const OptionInfo& option) {
  if (option.spellings.empty()) return option.positional + (option.repeats ? " …" : "");
  std::string name = fmt::format("{}", fmt::join(option.spellings, ", "));
  if (!option.value.empty()) name += " " + option.value;
  return name;
}

std::string usage_of(const CommandInfo& command) {
  std::string text = "Usage: linnet " + command.name + " [OPTIONS]";
  for (const OptionInfo& option : command.options) {
    if (option.positional.empty()) continue;
    const std::string name = option.positional + (option.repeats ? "..." : "");
    text += option.required ? " " + name : " [" + name + "]";
  }
  return text;
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t columns, std::size_t indent) {
  return join_words(words_of(text), columns, indent, "", 0);
}

std::string wrapped_example(std::string_view command, std::size_t columns) {
  return join_words(shell_words_of(command), columns, kIndent, " \\", 2 * kIndent);
}

std::string wrapped_entry(const std::string& name, std::string_view text, std::size_t at, std::size_t columns) {
  const std::string begin = std::string(kIndent, ' ') + name;
  const std::size_t width = display_width(begin);
  if (text.empty()) return begin + "\n";
  const std::string rest = wrapped(text, columns, at);
  if (width + 2 > at) return begin + "\n" + rest;
  return begin + rest.substr(width);
}

std::string help_page(const CommandInfo& command, std::size_t columns) {
  std::string page = wrapped(command.purpose, columns) + wrapped(usage_of(command), columns);
  const std::size_t at = second_column(columns);
  for (const std::string& group : groups_of(command)) {
    page += "\n" + group + ":\n";
    for (const OptionInfo& option : command.options)
      if (option.group == group)
        page +=
            wrapped_entry(name_of(option), option.required ? option.help + " (required)" : option.help, at, columns);
  }
  if (!command.later.empty())
    page += "\n" + wrapped(fmt::format("Not in this version: {}", fmt::join(command.later, ", ")), columns);
  page += "\nExamples:\n";
  for (const std::string& line : command.examples) page += wrapped_example(line, columns);
  return page + "\n" +
         wrapped("Every --long-option can also be given as LINNET_LONG_OPTION; the command line wins.", columns);
}

std::size_t help_columns() {
  std::size_t columns = 0;
  const char* const given = std::getenv("COLUMNS");
  const std::string_view text = given == nullptr ? "" : given;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), columns);
  if (error != std::errc() || end != text.data() + text.size() || columns == 0)
    columns = static_cast<std::size_t>(terminal_columns(STDOUT_FILENO).value_or(kWithoutTerminal));
  return std::max(columns, kLeast);
}

}  // namespace linnet::app
