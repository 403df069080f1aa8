// linnet pull: downloads models from the Hugging Face Hub into its cache.
#include "linnet/hub/pull.h"

#include <fmt/format.h>

#include <optional>

#include "linnet/base/error.h"
#include "model_argument.h"
#include "output.h"
#include "progress.h"
#include "verbs.h"

namespace linnet::app {
namespace {

// One bar per file: "model.safetensors (2/5)".
class PullBar {
 public:
  void show(const hub::Progress& progress) {
    if (progress.number != number_) {
      number_ = progress.number;
      bar_.emplace(format_printable("{} ({}/{})", printable(progress.file, 60), progress.number, progress.count),
                   static_cast<std::int64_t>(progress.total), "", Progress::Unit::kBytes);
    }
    bar_->set(static_cast<std::int64_t>(progress.done));
  }

 private:
  std::size_t number_ = 0;
  std::optional<Progress> bar_;
};

}  // namespace

void run_pull(Arguments arguments) {
  Command command("pull", "Brings models from the Hugging Face Hub into its cache, the one Python's library uses.");
  command.example("linnet pull bigscience/bloomz-560m");
  command.example("linnet pull org/name@v1.0 org/name:Q4_K_M --json");
  std::vector<std::string> names;
  bool json = false;
  command.option("model", names).required();
  command.flag("--json", json);
  command.parse(arguments);
  std::vector<hub::Spec> specs;
  specs.reserve(names.size());
  for (const std::string& name : names) specs.push_back(repository_argument(command, name));

  const hub::Settings settings = hub::settings_from_environment();
  for (const hub::Spec& spec : specs) {
    PullBar bar;
    const auto path = hub::pull(settings, spec, [&](const hub::Progress& progress) { bar.show(progress); });
    if (json)
      print_json({{"model", spec.text()},
                  {"commit", hub::cached_commit(settings, spec).value_or("")},
                  {"path", path.string()}});
    else
      print_result(path.string() + "\n");
  }
}

}  // namespace linnet::app
