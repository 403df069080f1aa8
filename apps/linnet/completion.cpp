#include "completion.h"

#include <fmt/format.h>

namespace linnet::app {

namespace {

std::string in_single_quotes(const std::string& text, std::string_view instead_of_quote) {
  std::string out = "'";
  for (const char c : text)
    if (c == '\'')
      out += instead_of_quote;
    else
      out += c;
  return out + "'";
}

std::string names(std::span<const CommandInfo> commands) {
  std::string list;
  for (const CommandInfo& command : commands) list += (list.empty() ? "" : " ") + command.name;
  return list;
}

std::string all_spellings(const CommandInfo& command) {
  std::string list;
  for (const OptionInfo& option : command.options)
    for (const std::string& spelling : option.spellings) list += (list.empty() ? "" : " ") + spelling;
  return list;
}

}  // namespace

std::string bash_completion(std::span<const CommandInfo> commands) {
  std::string script =
      "# bash completion of linnet\n"
      "_linnet() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]} words=\n"
      "  COMPREPLY=()\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    COMPREPLY=($(compgen -W \"" +
      names(commands) +
      " --help --version\" -- \"$word\"))\n"
      "    return\n"
      "  fi\n"
      "  case \"$verb $before\" in\n";
  for (const CommandInfo& command : commands) {
    for (const OptionInfo& option : command.options) {
      if (option.value.empty() || option.spellings.empty()) continue;
      std::string pattern;
      for (const std::string& spelling : option.spellings)
        pattern += fmt::format("{}\"{} {}\"", pattern.empty() ? "" : "|", command.name, spelling);
      if (option.choices.empty())  // a value of any kind: the shell offers files
        script += "    " + pattern + ") return ;;\n";
      else
        script += fmt::format("    {}) COMPREPLY=($(compgen -W \"{}\" -- \"$word\")); return ;;\n", pattern,
                              fmt::join(option.choices, " "));
    }
  }
  script += "  esac\n  case \"$verb\" in\n";
  for (const CommandInfo& command : commands)
    script += fmt::format("    {}) words=\"{}\" ;;\n", command.name, all_spellings(command));
  script +=
      "    help) words=\"" + names(commands) + "\"; COMPREPLY=($(compgen -W \"$words\" -- \"$word\")); return ;;\n";
  script +=
      "  esac\n"
      "  case \"$word\" in -*) COMPREPLY=($(compgen -W \"$words\" -- \"$word\")) ;; esac\n"
      "}\n"
      "complete -o default -o bashdefault -F _linnet linnet\n";
  return script;
}

std::string zsh_completion(std::span<const CommandInfo> commands) {
  const auto quoted = [](const std::string& text) { return in_single_quotes(text, "'\\''"); };
  const auto described = [](const std::string& text) {  // inside [...] of _arguments
    std::string out;
    for (const char c : text) {
      if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
      out += c;
    }
    return out;
  };
  std::string script = "#compdef linnet\n_linnet() {\n  local -a verbs\n  verbs=(\n";
  for (const CommandInfo& command : commands) script += "    " + quoted(command.name + ":" + command.purpose) + "\n";
  script +=
      "  )\n  if (( CURRENT == 2 )); then\n    _describe verb verbs\n    return\n  fi\n"
      "  local verb=$words[2]\n  shift words\n  (( CURRENT-- ))\n  case $verb in\n";
  for (const CommandInfo& command : commands) {
    script += fmt::format("    {})\n      _arguments -s", command.name);
    for (const OptionInfo& option : command.options) {
      const std::string value = option.value.empty()     ? ""
                                : option.choices.empty() ? ":value:_files"
                                                         : fmt::format(":value:({})", fmt::join(option.choices, " "));
      for (const std::string& spelling : option.spellings)
        script += " \\\n        " +
                  quoted((option.repeats ? "*" : "") + spelling + "[" + described(option.help) + "]" + value);
    }
    script += " \\\n        '*:argument:_files'\n      ;;\n";
  }
  return script + "  esac\n}\n_linnet \"$@\"\n";
}

std::string fish_completion(std::span<const CommandInfo> commands) {
  const auto quoted = [](const std::string& text) {
    std::string escaped;
    for (const char c : text) escaped += c == '\\' ? std::string("\\\\") : std::string(1, c);
    return in_single_quotes(escaped, "\\'");
  };
  std::string script = "# fish completion of linnet\n";
  for (const CommandInfo& command : commands)
    script += fmt::format("complete -c linnet -f -n __fish_use_subcommand -a {} -d {}\n", command.name,
                          quoted(command.purpose));
  for (const CommandInfo& command : commands) {
    for (const OptionInfo& option : command.options) {
      if (option.spellings.empty()) continue;
      script += fmt::format("complete -c linnet -n '__fish_seen_subcommand_from {}'", command.name);
      for (const std::string& spelling : option.spellings)
        script += spelling.starts_with("--") ? " -l " + spelling.substr(2) : " -s " + spelling.substr(1);
      if (!option.value.empty()) script += " -r";
      if (!option.choices.empty())
        script += fmt::format(" -f -a {}", quoted(fmt::format("{}", fmt::join(option.choices, " "))));
      script += " -d " + quoted(option.help) + "\n";
    }
  }
  return script;
}

}  // namespace linnet::app
