// linnet completion, man, documents: installed documents, from the table of verbs and options. --help does not list
// these verbs.
#include <fmt/format.h>

#include "completion.h"
#include "linnet/base/file.h"
#include "linnet/models/model_table.h"
#include "manual.h"
#include "option_tables.h"
#include "output.h"
#include "suggestions.h"
#include "verbs.h"

namespace linnet::app {

namespace {

std::vector<CommandInfo> all_commands() {
  std::vector<CommandInfo> commands;
  for (const Verb& verb : verbs())
    if (!verb.group.empty()) {
      commands.push_back(command_info(verb.run));
      commands.back().purpose = verb.purpose;
    }
  return commands;
}

}  // namespace

void run_completion(Arguments arguments) {
  Command command("completion", "the completions of a shell, as a script");
  command.example("linnet completion bash > ~/.local/share/bash-completion/completions/linnet");
  command.example("linnet completion fish > ~/.config/fish/completions/linnet.fish");
  std::string shell;
  command.choice("shell", shell, {"bash", "zsh", "fish"}).required();
  command.parse(arguments);
  const auto commands = all_commands();
  print_result(shell == "bash"  ? bash_completion(commands)
               : shell == "zsh" ? zsh_completion(commands)
                                : fish_completion(commands));
}

void run_man(Arguments arguments) {
  Command command("man", "a manual page, for man -l");
  command.example("linnet man classify | man -l -");
  command.example("linnet man > linnet.1");
  std::string verb;
  command.option("verb", verb);
  command.parse(arguments);
  const auto commands = all_commands();
  if (verb.empty()) return print_result(overview_page(commands));
  std::vector<std::string> names;
  for (const CommandInfo& known : commands) {
    if (known.name == verb) return print_result(manual_page(known));
    names.push_back(known.name);
  }
  command.wrong_usage(format_printable("there is no verb '{}'{}", printable(verb, 40), nearest_clause(verb, names)));
}

void run_documents(Arguments arguments) {
  Command command("documents", "manual pages and completions, written below a folder as below /usr/share");
  command.example("linnet documents build/share");
  command.example("linnet documents /usr/local/share");
  std::string folder;
  command.option("folder", folder).required();
  command.parse(arguments);
  const auto commands = all_commands();
  const auto write = [&](const std::string& file, const std::string& text) {
    const std::filesystem::path path = std::filesystem::path(folder) / file;
    make_folders(path.parent_path());
    write_file(path, text);
  };
  write("man/man1/linnet.1", overview_page(commands));
  for (const CommandInfo& info : commands) write("man/man1/linnet-" + info.name + ".1", manual_page(info));
  write("doc/linnet/options.md", option_tables(commands));
  write("doc/linnet/models.md", models::model_tables());
  write("bash-completion/completions/linnet", bash_completion(commands));
  write("zsh/site-functions/_linnet", zsh_completion(commands));
  write("fish/vendor_completions.d/linnet.fish", fish_completion(commands));
}

}  // namespace linnet::app
