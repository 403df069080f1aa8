// linnet models: what the Hugging Face cache holds.
#include <fmt/format.h>

#include "linnet/hub/cache.h"
#include "output.h"
#include "verbs.h"

namespace linnet::app {

void run_models(Arguments arguments) {
  Command command("models", "Lists the models in the Hugging Face cache: names that -m takes.");
  command.example("linnet models");
  command.example("linnet models --json");
  bool json = false;
  command.flag("--json", json, R"({"cache","models":[{"model","revisions","bytes","path"}]})");
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
  if (json) return print_json({{"cache", settings.cache.string()}, {"models", std::move(models)}});
  if (rows.size() == 1)
    return print_note(format_printable("{}: no models yet; `linnet pull org/name` fetches one", settings.cache.string()));
  print_result(format_table(rows).text());
}

}  // namespace linnet::app
