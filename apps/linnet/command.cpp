#include "command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <type_traits>

#include "help_page.h"
#include "linnet/base/error.h"
#include "linnet/base/log.h"
#include "output.h"
#include "suggestions.h"

namespace linnet::app {

std::string environment_name(const std::string& long_name) {
  std::string name = "LINNET_";
  for (const char c : long_name) {
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

namespace {

// CLI11 parses "[a,b]" as a list of two; a text like "[MASK]" must stay a text. A mark at its end hides it during
// parsing.
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

namespace {

// Set while command_info runs a verb: its options are recorded, nothing is parsed.
CommandInfo* taking_down = nullptr;

// Names of options in other programs.
constexpr Meaning kOptionMeanings[] = {
    {"lr", "learning-rate"},
    {"temp", "temperature"},
    {"max-tokens", "max-new-tokens"},
    {"n-predict", "max-new-tokens"},
    {"num-predict", "max-new-tokens"},
    {"ctx-size", "context"},
    {"max-seq-length", "max-length"},
    {"num-train-epochs", "epochs"},
    {"num-epochs", "epochs"},
    {"per-device-train-batch-size", "batch-size"},
    {"bs", "batch-size"},
    {"gradient-accumulation-steps", "grad-accumulation"},
    {"gradient-checkpointing", "recompute"},
    {"lr-scheduler-type", "schedule"},
    {"max-grad-norm", "clip"},
    {"val-fraction", "valid-fraction"},
    {"dataset", "data"},
    {"train-file", "data"},
    {"output-dir", "output"},
    {"out", "output"},
    {"out-dir", "output"},
    {"candidate-labels", "labels"},
    {"classes", "labels"},
    {"prompt-template", "template"},
    {"few-shot", "shots"},
    {"num-fewshot", "shots"},
    {"file", "input"},
    {"infile", "input"},
    {"model-name-or-path", "model"},
    {"model-path", "model"},
    {"lora", "adapter"},
    {"base-model", "base"},
    {"precision", "dtype"},
    {"quant", "dtype"},
    {"type", "dtype"},
    {"gpu", "device"},
    {"cuda", "device"},
    {"num-threads", "threads"},
    {"jobs", "threads"},
    {"random-seed", "seed"},
    {"normalize", "unit"},
    {"debug", "verbose"},
    {"silent", "quiet"},
};

// The value type of an option, in words.
std::string number_taken(const std::string& type) {
  return type == "INT" || type == "UINT" ? "a whole number" : type == "FLOAT" ? "a number" : "another value";
}

}  // namespace

Command::Command(const std::string& name, const std::string& purpose)
    : name_(name), purpose_(purpose), app_(std::make_unique<CLI::App>(purpose, "linnet " + name)) {
  const auto [group, help] = find_option(name_, "--help");
  app_->set_help_flag(std::string(help->names), std::string(help->help))->group(std::string(group->title));
  flag("--quiet", quiet_);
  flag("--verbose", verbose_);
  app_->option_defaults()->always_capture_default(false);
}

Command::~Command() = default;

const Option& Option::required() const {
  option_->required();
  return *this;
}
const Option& Option::expected(int least, int most) const {
  option_->expected(least, most);
  return *this;
}
const Option& Option::allow_extra_args() const {
  option_->allow_extra_args();
  return *this;
}
const Option& Option::delimiter(char separator) const {
  option_->delimiter(separator);
  return *this;
}

namespace {

// Help of an option: its row, range, owner, and its default unless the row ends with one.
template <class T>
std::string help_of(const OptionRow& row, std::string_view verb, const T& value, std::string_view choices = "") {
  const auto end = std::min(row.help.find("default:"), row.help.size());
  std::string help(row.help.substr(0, end));
  const auto add = [&](const std::string& more) {
    if (more.empty()) return;
    if (!help.empty() && end == row.help.size()) help += "; ";
    help += more;
    if (end < row.help.size()) help += "; ";
  };
  add(row.rule.range.text());
  const std::string owner = owner_text(row, verb);
  add(owner.empty() ? "" : fmt::format("with {}", owner));
  help += row.help.substr(end);
  if (!choices.empty()) help += fmt::format(": {}", choices);
  std::string text;
  if constexpr (std::is_same_v<T, std::string>) text = value;
  if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) text = fmt::format("{}", value);
  return text.empty() || help.find("default") != help.npos ? help : fmt::format("{} (default: {})", help, text);
}

}  // namespace

template <class T>
Option Command::option(const std::string& name, T& value) {
  const OptionPlace place = find_option(name_, name);
  CLI::Option* const made = app_->add_option(std::string(place.row->names), value, help_of(*place.row, name_, value));
  made->group(std::string(place.group->title));
  added_.push_back({made, place.row, nullptr});
  if constexpr (std::is_same_v<T, std::vector<std::string>>) {
    lists_.push_back(&value);
    made->allow_extra_args(!name.starts_with('-'));
  }
  return Option(made);
}
#define LINNET_OPTION_TYPE(T) template Option Command::option(const std::string&, T&)
LINNET_OPTION_TYPE(std::string);
LINNET_OPTION_TYPE(std::filesystem::path);
LINNET_OPTION_TYPE(std::vector<std::string>);
LINNET_OPTION_TYPE(int);
LINNET_OPTION_TYPE(std::int64_t);
LINNET_OPTION_TYPE(std::uint64_t);
LINNET_OPTION_TYPE(float);
LINNET_OPTION_TYPE(double);
LINNET_OPTION_TYPE(std::optional<std::int64_t>);
LINNET_OPTION_TYPE(std::optional<int>);
LINNET_OPTION_TYPE(std::optional<float>);
LINNET_OPTION_TYPE(std::optional<double>);
#undef LINNET_OPTION_TYPE

Option Command::choice(const std::string& name, std::string& value, std::vector<std::string> choices, Others others) {
  const Option made = option(name, value);
  made.option_->description(help_of(*added_.back().row, name_, value, fmt::format("{}", fmt::join(choices, ", "))));
  choices_.push_back({made.option_, std::move(choices), others});
  added_.back().value = &value;
  return made;
}

Option Command::flag(const std::string& name, bool& value) {
  const OptionPlace place = find_option(name_, name);
  CLI::Option* const made = app_->add_flag(std::string(place.row->names), value, help_of(*place.row, name_, value));
  made->group(std::string(place.group->title));
  added_.push_back({made, place.row, nullptr});
  return Option(made);
}

bool Command::given(const std::string& name) const { return app_->count(name) > 0; }
bool Command::has(const std::string& name) const { return app_->get_option_no_throw(name) != nullptr; }
bool Command::is_flag(const std::string& name) const { return app_->get_option(name)->get_expected_max() == 0; }

void Command::later(const std::string& names, const std::string& what) {
  Later& entry = later_.emplace_back(Later{nullptr, what, {}});
  // An optional value is consumed, so that the message is about the flag and not about its value.
  entry.option = app_->add_option(names, entry.value, what)->expected(0, 1);
}

// CLI11 also names the flag if the value is from the environment.
std::string Command::variable_behind(std::string_view message, Arguments arguments) const {
  for (const CLI::Option* option : app_->get_options()) {
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

void Command::refuse_unknown(std::string_view spelling) const {
  const auto typed = spelling.substr(std::min(spelling.find_first_not_of('-'), spelling.size()));
  std::vector<std::string> names;
  for (const CLI::Option* option : app_->get_options())
    for (const std::string& name : option->get_lnames()) names.push_back(name);
  auto near = suggestions(typed, names, kOptionMeanings);
  for (std::string& name : near) name.insert(0, "--");
  const bool number = !typed.empty() && typed.find_first_not_of("0123456789.,") == typed.npos;
  wrong_usage(format_printable("there is no {}{}", printable(spelling, 40),
                               number         ? std::string("; a text that begins with '-' follows --")
                               : near.empty() ? std::string()
                                              : fmt::format("; the nearest: {}", fmt::join(near, ", "))));
}

// CLI11 treats an unknown option as a text and then reports the texts.
void Command::refuse_unknown_options(Arguments arguments) const {
  const auto find = [&](const auto& has) -> const CLI::Option* {
    for (const CLI::Option* option : app_->get_options())
      if (has(*option)) return option;
    return nullptr;
  };
  const auto values = [](const CLI::Option& option) {
    return static_cast<std::size_t>(std::max(0, option.get_items_expected_min() * option.get_type_size_min()));
  };
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--") return;
    if (argument.size() < 2 || argument[0] != '-' || argument[1] == ' ') continue;
    if (argument[1] == '-') {
      const auto end = std::min(argument.find('='), argument.size());
      const std::string name(argument.substr(2, end - 2));
      const auto* option = find([&](const CLI::Option& o) { return o.check_lname(name); });
      if (option == nullptr) refuse_unknown(argument.substr(0, end));
      if (end == argument.size()) i += values(*option);
      continue;
    }
    for (std::size_t letter = 1; letter < argument.size(); ++letter) {
      const std::string name(1, argument[letter]);
      const auto* option = find([&](const CLI::Option& o) { return o.check_sname(name); });
      if (option == nullptr) refuse_unknown(argument);
      if (values(*option) == 0) continue;  // a flag: others may follow
      if (letter + 1 == argument.size()) i += values(*option);
      break;
    }
  }
}

void Command::refuse_other_choices(Arguments arguments) const {
  for (const Choice& choice : choices_) {
    if (choice.option->count() == 0 || choice.others == Others::kAllowed) continue;
    const std::string value = choice.option->results().back();
    if (std::ranges::find(choice.names, value) != choice.names.end()) continue;
    const std::string name = choice.option->get_name();
    wrong_usage(format_printable("{} '{}' is not one of {}{}{}", name, printable(value, 40),
                                 fmt::join(choice.names, ", "), nearest_clause(value, choice.names),
                                 variable_behind(name, arguments)));
  }
}

void Command::refuse_out_of_range(Arguments arguments) const {
  for (const Added& added : added_) {
    const std::string range = added.row->rule.range.text();
    if (range.empty() || added.option->count() == 0) continue;
    const std::string value = added.option->results().back(), name = added.option->get_name();
    if (!added.row->rule.range.contains(std::strtod(value.c_str(), nullptr)))
      wrong_usage(
          format_printable("{}: {} is not {}{}", name, printable(value, 40), range, variable_behind(name, arguments)));
  }
}

const Command::Added* Command::owner_of(const OptionRow& row) const {
  for (const Added& added : added_)
    if (*row.rule.owner != '\0' && added.row->field() == row.rule.owner) return &added;
  return nullptr;
}

// "" and "auto": unknown so far.
std::string Command::value_of(const Added& added) const {
  if (const auto found = decided_.find(added.row); found != decided_.end()) return found->second;
  if (added.value != nullptr) return *added.value;
  return added.option->count() == 0 ? "" : added.option->results().back();
}

void Command::refuse_without_owner() const {
  for (const Added& added : added_) {
    const Added* const owner = owner_of(*added.row);
    if (owner == nullptr || added.option->count() == 0) continue;
    const std::string value = value_of(*owner), name = added.option->get_name();
    const std::string belongs = owner_text(*added.row, name_);
    if (*added.row->rule.values == '\0') {
      if (owner->option->count() == 0) wrong_usage(format_printable("{} does nothing without {}", name, belongs));
    } else if (!value.empty() && value != "auto" && !added.row->rule.takes(value)) {
      wrong_usage(format_printable("{} does nothing with {} {}; it belongs to {}", name, owner->option->get_name(),
                                   printable(value, 40), belongs));
    }
  }
}

void Command::decide(const std::string& name, std::string_view value) {
  decided_[find_option(name_, name).row] = value;
  refuse_without_owner();
}

std::vector<std::string> Command::given_of(const std::string& owner) const {
  std::vector<std::string> names;
  for (const Added& added : added_)
    if (const Added* const of = owner_of(*added.row); of != nullptr && of->row->flag() == owner)
      if (added.option->count() > 0) names.push_back(added.option->get_name());
  return names;
}

// CLI11's messages in this program's words.
std::string Command::reworded(const CLI::ParseError& error) const {
  const std::string message = error.what();
  for (const CLI::Option* option : app_->get_options()) {
    const std::string name = option->get_name();
    if (const std::string begin = "Could not convert: " + name + " = "; message.starts_with(begin))
      return format_printable("{} takes {}, not '{}'", name, number_taken(option->get_type_name()),
                              printable(message.substr(begin.size()), 40));
    if (!message.starts_with(name + ": ")) continue;
    if (message.find("missing") != message.npos) return format_printable("{} takes a value, and none follows", name);
    if (message.find("At Most") != message.npos)
      return format_printable("{} is given {} times{}", name, option->results().size(),
                              name.starts_with('-') ? "" : "; put quotes around a text with blanks");
  }
  constexpr std::string_view kExtra = "The following argument was not expected: ";
  if (message.starts_with(kExtra))
    return format_printable("'{}' is not expected here", printable(message.substr(kExtra.size()), 40));
  return message;
}

void Command::parse(Arguments arguments) {
  if (taking_down != nullptr) {
    *taking_down = info();
    throw Exit{0};
  }
  for (CLI::Option* option : app_->get_options()) {
    if (!option->get_lnames().empty() && option->get_lnames().front() != "help") {
      option->envname(environment_name(option->get_lnames().front()));
    }
  }
  refuse_unknown_options(arguments);
  parse_checked(arguments);
  for (std::vector<std::string>* list : lists_)
    for (std::string& value : *list)
      if (value.ends_with(kMark)) value.pop_back();
  for (const Later& entry : later_) {
    if (entry.option->count() > 0) {
      wrong_usage(format_printable("{} is not in this version: {}", entry.option->get_name(), entry.message));
    }
  }
  refuse_other_choices(arguments);
  refuse_out_of_range(arguments);
  if (file_.empty()) refuse_without_owner();  // recorded options were accepted before
  if (quiet_ && verbose_) wrong_usage("--quiet and --verbose exclude each other");
  if (quiet_) set_verbosity(Verbosity::kQuiet);
  if (verbose_) set_verbosity(Verbosity::kVerbose);
}

void Command::parse_checked(Arguments arguments) {
  try {
    app_->parse(marked(arguments));
  } catch (const CLI::CallForHelp&) {
    print_result(help_page(info(), help_columns()));
    throw Exit{0};
  } catch (const CLI::ParseError& error) {
    wrong_usage(reworded(error) + variable_behind(error.what(), arguments));
  }
}

CommandInfo Command::info() const {
  CommandInfo info{.name = name_, .purpose = purpose_, .examples = examples_, .later = {}, .options = {}};
  for (const Later& entry : later_) info.later.push_back(entry.option->get_name());
  for (const CLI::Option* option : app_->get_options()) {
    const bool not_yet = std::ranges::any_of(later_, [&](const Later& entry) { return entry.option == option; });
    if (not_yet) continue;
    OptionInfo& entry = info.options.emplace_back();
    for (const std::string& name : option->get_snames()) entry.spellings.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) entry.spellings.push_back("--" + name);
    if (option->get_positional()) entry.positional = option->get_name(true, false);
    if (option->get_expected_max() > 0 && option->get_type_size_max() > 0) entry.value = option->get_type_name();
    entry.help = option->get_description();
    entry.group = option->get_group();
    entry.repeats = option->get_expected_max() > 1;
    entry.required = option->get_required();
    for (const Choice& choice : choices_)
      if (choice.option == option) entry.choices = choice.names;
  }
  return info;
}

std::vector<std::string> groups_of(const CommandInfo& command) {
  std::vector<std::string> groups;
  for (const OptionInfo& option : command.options)
    if (std::ranges::find(groups, option.group) == groups.end()) groups.push_back(option.group);
  if (groups.size() > 1) std::ranges::rotate(groups, groups.begin() + 1);  // the constructor adds the first one
  return groups;
}

CommandInfo command_info(void (*verb)(Arguments)) {
  CommandInfo info;
  taking_down = &info;
  try {
    verb({});
  } catch (const Exit&) {
  }
  taking_down = nullptr;
  return info;
}

std::map<std::string, std::vector<std::string>> Command::given_values() const {
  std::map<std::string, std::vector<std::string>> values;
  for (const CLI::Option* option : app_->get_options()) {
    if (option->count() == 0 || option->get_lnames().empty()) continue;
    std::vector<std::string>& list = values["--" + option->get_lnames().front()] = option->results();
    for (std::string& value : list)
      if (value.ends_with(kMark)) value.pop_back();
  }
  return values;
}

void Command::wrong_usage(const std::string& message) const {
  check(file_.empty(), ErrorKind::kBadInput, "{}: {}; give the option again", file_, message);
  print_error(format_printable("{}: {}; see linnet {} --help", name_, message, name_));
  throw Exit{2};
}

}  // namespace linnet::app
