#include "command.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "output.h"

namespace linnet::app {

std::string environment_name(const std::string& long_name) {
  std::string name = "LINNET_";
  for (const char c : long_name) {
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

namespace {

// CLI11's layout without "(Env:…)" behind every option: the footer says the rule once.
class Layout : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    std::string text = CLI::Formatter::make_option_opts(option);
    const auto begin = text.find(" (" + get_label("Env") + ":");
    return begin == std::string::npos ? text : text.erase(begin, text.find(')', begin) - begin + 1);
  }
};

}  // namespace

namespace {

// CLI11 takes "[a,b]" for a list of two; a text like "[MASK]" is itself. The mark at its end hides it while parsing.
constexpr char kMark = '\x01';

std::vector<std::string> marked(Arguments arguments) {
  std::vector<std::string> reversed;
  for (std::size_t i = arguments.size(); i-- > 0;) {
    std::string argument = arguments[i];
    if (argument.starts_with('[') && argument.ends_with(']')) argument += kMark;
    reversed.push_back(std::move(argument));
  }
  return reversed;
}

}  // namespace

Command::Command(const std::string& name, const std::string& purpose) : name_(name), app_(purpose, "linnet " + name) {
  app_.set_help_flag("-h,--help", "show this text");
  app_.formatter(std::make_shared<Layout>());
  app_.get_formatter()->column_width(36);
  app_.option_defaults()->always_capture_default(false);
}

void Command::later(const std::string& names, const std::string& what) {
  Later& entry = later_.emplace_back(Later{nullptr, what, {}});
  // An optional value is swallowed, so that the message is about the flag and not about what follows it.
  entry.option = app_.add_option(names, entry.value, what + " (not in this version)")->expected(0, 1);
  entry.option->group("Later versions");
}

// CLI11 blames the flag also where the value came from the environment.
std::string Command::variable_behind(std::string_view message, Arguments arguments) const {
  for (const CLI::Option* option : app_.get_options()) {
    if (option->get_lnames().empty()) continue;
    const char* const value = std::getenv(option->get_envname().c_str());
    if (value == nullptr || *value == '\0') continue;
    std::vector<std::string> spellings{"--" + option->get_lnames().front()};
    const auto named = message.find(spellings.front());
    if (named == message.npos || message.substr(named + spellings.front().size()).starts_with('-')) continue;
    for (const std::string& letter : option->get_snames()) spellings.push_back("-" + letter);
    const bool written = std::ranges::any_of(arguments, [&](std::string_view argument) {
      return std::ranges::any_of(spellings, [&](const std::string& s) { return argument.starts_with(s); });
    });
    if (!written) return format_printable(" (from {})", option->get_envname());
  }
  return "";
}

void Command::parse(Arguments arguments) {
  std::string footer = "Examples:\n";
  for (const std::string& line : examples_) footer += "  " + line + "\n";
  footer += "\nEvery --long-option can also be given as LINNET_LONG_OPTION; the command line wins.";
  app_.footer(footer);
  for (CLI::Option* option : app_.get_options()) {
    if (!option->get_lnames().empty() && option->get_lnames().front() != "help") {
      option->envname(environment_name(option->get_lnames().front()));
    }
  }
  try {
    app_.parse(marked(arguments));
  } catch (const CLI::CallForHelp&) {
    print_result(app_.help());
    throw Exit{0};
  } catch (const CLI::ParseError& error) {
    wrong_usage(error.what() + variable_behind(error.what(), arguments));
  }
  for (std::vector<std::string>* list : lists_)
    for (std::string& value : *list)
      if (value.ends_with(kMark)) value.pop_back();
  for (const Later& entry : later_) {
    if (entry.option->count() > 0) {
      wrong_usage(format_printable("{} is not in this version: {}", entry.option->get_name(), entry.message));
    }
  }
}

void Command::wrong_usage(const std::string& message) const {
  print_error(format_printable("{}: {}; see linnet {} --help", name_, message, name_));
  throw Exit{2};
}

}  // namespace linnet::app
