// linnet rm: removes models from the Hugging Face cache.
#include <fmt/format.h>

#include "linnet/hub/cache.h"
#include "model_argument.h"
#include "output.h"
#include "verbs.h"

namespace linnet::app {

void run_rm(Arguments arguments) {
  Command command("rm", "Removes models from the Hugging Face cache: all of a repository, or one revision.");
  command.example("linnet rm bigscience/bloomz-560m");
  command.example("linnet rm org/name@v1.0");
  std::vector<std::string> names;
  bool json = false;
  command.option("model", names).required();
  command.flag("--json", json);
  command.parse(arguments);
  std::vector<hub::Spec> specs;
  for (const std::string& name : names) {
    specs.push_back(repository_argument(command, name));
    if (!specs.back().file.empty())
      command.wrong_usage(format_printable("'{}' names a file; a whole repository or a revision is removed", name));
  }

  const hub::Settings settings = hub::settings_from_environment();
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const bool whole = names[i].find('@') == std::string::npos;
    const std::uintmax_t freed = hub::remove_cached(settings, specs[i], whole);
    if (json)
      print_json({{"model", specs[i].text()}, {"freed_bytes", freed}});
    else
      print_result(format_printable("{}: removed, {} freed\n", names[i], format_bytes(static_cast<double>(freed))));
  }
}

}  // namespace linnet::app
