// One verb of the program: its options, what --help shows, and how its arguments are read.
//
//   Command command("score", "log-probability of continuations of a prompt");
//   command.example("linnet score --prompt 'I feel' --continuation ' happy'");
//   command.option("--prompt", prompt, "text before the continuation");
//   command.parse(arguments);          // --help, wrong usage: throws Exit
#pragma once

#include <CLI/CLI.hpp>
#include <list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace linnet::app {

// Ends the program with this code; what there was to say has been said.
struct Exit {
  int code;
};

using Arguments = std::span<const char* const>;  // what follows the verb

class Command {
 public:
  Command(const std::string& name, const std::string& purpose);

  void example(const std::string& line) { examples_.push_back(line); }
  // Every option added after this belongs to the group in --help.
  void group(const std::string& name) { group_ = name; }

  // A list takes every positional argument; as a flag, one value each time it is given.
  template <class T>
  CLI::Option* option(const std::string& names, T& value, const std::string& help) {
    CLI::Option* const made = app_.add_option(names, value, help)->group(group_);
    if constexpr (std::is_same_v<T, std::vector<std::string>>) {
      lists_.push_back(&value);
      made->allow_extra_args(!names.starts_with('-'));
    }
    return made;
  }
  // A flag; `names` may hold the opposite as "--on,!--off".
  CLI::Option* flag(const std::string& names, bool& value, const std::string& help) {
    return app_.add_flag(names, value, help)->group(group_);
  }
  // Flags that the contract names and a later version brings: exit 2 with a word when one is given.
  void later(const std::string& names, const std::string& what);

  // Every long option `--foo-bar` can also come from LINNET_FOO_BAR; the command line wins.
  void parse(Arguments arguments);

  // Was it given, on the command line or by the environment?
  bool given(const std::string& name) const { return app_.count(name) > 0; }
  const std::string& name() const { return name_; }
  // Ends with exit code 2 and a message that points at --help.
  [[noreturn]] void wrong_usage(const std::string& message) const;

 private:
  std::string variable_behind(std::string_view message, Arguments arguments) const;

  struct Later {
    CLI::Option* option;
    std::string message, value;
  };
  std::string name_, group_ = "Options";
  CLI::App app_;
  std::vector<std::string> examples_;
  std::list<Later> later_;
  std::vector<std::vector<std::string>*> lists_;
};

// The environment's twin of a long option: "--max-new-tokens" -> "LINNET_MAX_NEW_TOKENS".
std::string environment_name(const std::string& long_name);

}  // namespace linnet::app
