// One verb of the program: its options, what --help shows, and how its arguments are read.
//
//   Command command("score", "log-probability of continuations of a prompt");
//   command.example("linnet score --prompt 'I feel' --continuation ' happy'");
//   command.option("--prompt", prompt);                // its row in option_table.cpp says the rest
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

namespace CLI {  // its header alone takes seconds to compile: command.cpp includes it
class App;
class Option;
class ParseError;
}  // namespace CLI

namespace linnet::app {

// Ends the program with this code; what there was to say has been said.
struct Exit {
  int code;
};

using Arguments = std::span<const char* const>;  // what follows the verb

// May an option take other values than the names that are listed for it?
enum class Others : std::uint8_t { kRefused, kAllowed };

// An option as data, for --help, manual pages and completions.
struct OptionInfo {
  std::vector<std::string> spellings;  // "-m", "--model"; none for a positional argument
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
// The groups of its options in the order they are shown: those of every verb come last.
std::vector<std::string> groups_of(const CommandInfo& command);

// An option that was added: how many values it takes.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}
  const Option& required() const;
  const Option& expected(int least, int most) const;
  const Option& allow_extra_args() const;         // several values behind one flag
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

  // The option of this verb in the table. A list takes every positional argument; as a flag, one value each time it is
  // given. The help ends with the default that `value` has, unless it names one itself.
  template <class T>  // the types that command.cpp instantiates
  Option option(const std::string& name, T& value);
  // An option that takes one of these names. The help lists them; another value is wrong usage that names the nearest,
  // unless `others` are allowed ("balanced, or numbers").
  Option choice(const std::string& name, std::string& value, std::vector<std::string> choices,
                Others others = Others::kRefused);
  Option flag(const std::string& name, bool& value);
  // Flags that the contract names and a later version brings: exit 2 with a word when one is given.
  void later(const std::string& names, const std::string& what);

  // Every long option `--foo-bar` can also come from LINNET_FOO_BAR; the command line wins. --quiet and --verbose,
  // which every verb has, take effect here. A number out of its range is wrong usage, and an option without the one
  // that it belongs to.
  void parse(Arguments arguments);
  // What an option was found to be that is "auto", or was left out: the options that belong to another value of it are
  // wrong usage then.
  void decide(const std::string& name, std::string_view value);
  // The names of the options that were given and belong to this one.
  std::vector<std::string> given_of(const std::string& owner) const;

  // Was it given, on the command line or by the environment?
  bool given(const std::string& name) const;
  bool has(const std::string& name) const;
  bool is_flag(const std::string& name) const;
  const std::string& name() const { return name_; }
  CommandInfo info() const;
  // Every option that was given, by its longest name, with its values; flags have "true" or "false".
  std::map<std::string, std::vector<std::string>> given_values() const;
  // What is wrong with the arguments from now on is the fault of the file they are from (""; of the command line).
  void blame_file(const std::string& file) { file_ = file; }
  // Ends with exit code 2 and a message that points at --help; kBadInput where a file is to blame.
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
    const std::string* value;  // of a choice, with its default; else null
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

// What a verb's function would parse, as data: it runs up to its `parse` and no further.
CommandInfo command_info(void (*verb)(Arguments));

// The environment's twin of a long option: "--max-new-tokens" -> "LINNET_MAX_NEW_TOKENS".
std::string environment_name(const std::string& long_name);

}  // namespace linnet::app
