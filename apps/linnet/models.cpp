// linnet models: lists the Hugging Face cache.
#include <fmt/format.h>

#include "linnet/base/file.h"
#include "linnet/hub/cache.h"
#include "model_argument.h"
#include "output.h"
#include "verbs.h"

namespace linnet::app {

namespace {

// The default of -m is in Linnet's own cache.
void add_default_model(Json& models, Table& rows) {
  if (!default_model_is_there()) return;
  const std::filesystem::path path = default_model_path();
  const std::uint64_t bytes = file_bytes(path);
  models.push_back({{"model", path.stem().string()},
                    {"revisions", Json::array()},
                    {"bytes", bytes},
                    {"path", path.string()},
                    {"default", true}});
  rows.push_back({printable(path.stem().string()), format_bytes(static_cast<double>(bytes)), "default, without -m"});
}

}  // namespace

void run_models(Arguments arguments) {
  Command command("models", "Lists the models in the Hugging Face cache, names that -m takes, and the default model.");
  command.example("linnet models");
  command.example("linnet models --json");
  bool json = false;
  command.flag("--json", json);
  command.parse(arguments);

  const hub::Settings settings = hub::settings_from_environment();
  Json models = Json::array();
  Table rows{{"model", "size", "revisions"}};
  for (const hub::CachedRepository& cached : hub::list_cached(settings)) {
    models.push_back({{"model", cached.repository},
                      {"revisions", cached.revisions},
                      {"bytes", cached.bytes},
                      {"path", cached.folder.string()}});
    rows.push_back({printable(cached.repository), format_bytes(static_cast<double>(cached.bytes)),
                    format_printable("{}", fmt::join(cached.revisions, ", "))});
  }
  add_default_model(models, rows);
  if (json) return print_json({{"cache", settings.cache.string()}, {"models", std::move(models)}});
  if (rows.size() == 1)
    return print_note(
        format_printable("{}: no models yet; `linnet pull org/name` fetches one", settings.cache.string()));
  print_result(format_table(rows).text());
}

}  // namespace linnet::app
