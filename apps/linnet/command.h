// One verb of the program: its options, its help, and the parser of its arguments.
//
//   Command command("score", "log-probability of continuations of a prompt");
//   command.example("linnet score --prompt 'I feel' --continuation ' happy'");
//   command.option("--prompt", prompt);                // its row in option_table.cpp has the rest
//   command.choice("--dtype", dtype, {"f32", "bf16"});
//   command.parse(arguments);                          // --help, wrong usage: throws Exit
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "option_table.h"

namespace CLI {  // its header takes seconds to compile, so only command.cpp includes it
class App;
class Option;
class ParseError;
}  // namespace CLI

namespace linnet::app {

// Ends the program with this code; messages were printed before.
struct Exit {
  int code;
};

using Arguments = std::span<const char* const>;  // arguments after the verb

// May an option have values other than the listed names?
enum class Others : std::uint8_t { kRefused, kAllowed };

// An option as data, for --help, manual pages and completions.
struct OptionInfo {
  std::vector<std::string> spellings;  // "-m", "--model"; empty for a positional argument
  std::string positional;              // its name
  std::string value;                   // "TEXT", "INT", "FLOAT"; empty for a flag
  std::string help, group;
  std::vector<std::string> choices;
  bool repeats = false, required = false;
};

struct CommandInfo {
  std::string name, purpose;
  std::vector<std::string> examples, later;  // later: names of Command::later
  std::vector<OptionInfo> options;
};
// The groups of its options in display order: those of every verb are last.
std::vector<std::string> groups_of(const CommandInfo& command);

// Settings of an added option: its number of values.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}
  const Option& required() const;
  const Option& expected(int least, int most) const;
  const Option& allow_extra_args() const;         // several values after one flag
  const Option& delimiter(char separator) const;  // several values in one text

 private:
  friend class Command;
  CLI::Option* option_;
};

class Command {
 public:
  Command(const std::string& name, const std::string& purpose);
  ~Command();
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  void example(const std::string& line) { examples_.push_back(line); }

  // Adds the option of this verb from the table. A list takes every positional argument, or one value per use of its
  // flag. The help ends with the default in `value`, unless it has one itself.
  template <class T>  // the types that command.cpp instantiates
  Option option(const std::string& name, T& value);
  // Adds an option whose value is one of these names. The help lists them; another value is wrong usage with the
  // nearest name, unless `others` are allowed ("balanced, or numbers").
  Option choice(const std::string& name, std::string& value, std::vector<std::string> choices,
                Others others = Others::kRefused);
  Option flag(const std::string& name, bool& value);
  // Flags of the contract that a later version will have: exit 2 with a message.
  void later(const std::string& names, const std::string& what);

  // Every long option `--foo-bar` is also read from LINNET_FOO_BAR; the command line takes precedence. --quiet and
  // --verbose take effect here. A number out of range, and an option without its owner, are wrong usage.
  void parse(Arguments arguments);
  // Sets the actual value of an option that is "auto" or omitted: options that belong to another value are then wrong
  // usage.
  void decide(const std::string& name, std::string_view value);
  // Names of the given options that belong to this one.
  std::vector<std::string> given_of(const std::string& owner) const;

  // True if it was given on the command line or in the environment.
  bool given(const std::string& name) const;
  bool has(const std::string& name) const;
  bool is_flag(const std::string& name) const;
  const std::string& name() const { return name_; }
  CommandInfo info() const;
  // Every given option by its longest name, with its values; flags have "true" or "false".
  std::map<std::string, std::vector<std::string>> given_values() const;
  // Later errors in the arguments are errors of this file ("": of the command line).
  void blame_file(const std::string& file) { file_ = file; }
  // Ends with exit code 2 and a message that mentions --help; kBadInput if the arguments are from a file.
  [[noreturn]] void wrong_usage(const std::string& message) const;

 private:
  void parse_checked(Arguments arguments);
  void refuse_unknown_options(Arguments arguments) const;
  [[noreturn]] void refuse_unknown(std::string_view spelling) const;
  void refuse_other_choices(Arguments arguments) const;
  void refuse_out_of_range(Arguments arguments) const;
  void refuse_without_owner() const;
  std::string reworded(const CLI::ParseError& error) const;
  std::string variable_behind(std::string_view message, Arguments arguments) const;

  struct Added {
    CLI::Option* option;
    const OptionRow* row;
    const std::string* value;  // of a choice with its default; else null
  };
  CLI::Option* add(const Added& added, std::string_view group);
  const Added* owner_of(const OptionRow& row) const;
  std::string value_of(const Added& added) const;

  struct Later {
    CLI::Option* option;
    std::string message, value;
  };
  struct Choice {
    CLI::Option* option;
    std::vector<std::string> names;
    Others others;
  };
  std::string name_, purpose_;
  std::unique_ptr<CLI::App> app_;
  std::vector<std::string> examples_;
  std::list<Later> later_;
  std::vector<Choice> choices_;
  std::vector<Added> added_;
  std::map<const OptionRow*, std::string> decided_;
  std::vector<std::vector<std::string>*> lists_;
  bool quiet_ = false, verbose_ = false;
  std::string file_;
};

// The options of a verb as data: runs its function up to `parse`.
CommandInfo command_info(void (*verb)(Arguments));

// The environment variable of a long option: "--max-new-tokens" -> "LINNET_MAX_NEW_TOKENS".
std::string environment_name(const std::string& long_name);

}  // namespace linnet::app
