#include "linnet/train/report/model_card.h"

#include <fmt/format.h>

#include "linnet/base/json.h"

namespace linnet {
namespace {

// A JSON string is a YAML string: no name can break the front matter.
Markdown yaml_line(const char* key, const std::string& value) {
  if (value.empty()) return "";
  const std::string quoted = dump_json(Json(printable(value, SIZE_MAX).text()));
  return Markdown::formatted("{}: {}\n", key, quoted);
}

Markdown table(const char* title, const std::vector<std::pair<std::string, std::string>>& rows) {
  if (rows.empty()) return "";
  Markdown text = format_markup<Markdown>("\n## {}\n\n| | |\n|---|---|\n", title);
  for (const auto& [name, value] : rows) text += format_markup<Markdown>("| {} | {} |\n", name, value);
  return text;
}

}  // namespace

Markdown model_card(const ModelCard& card) {
  Markdown text = "---\n";
  text += yaml_line("license", card.licence) + yaml_line("library_name", card.library) +
          yaml_line("base_model", card.base) + yaml_line("pipeline_tag", card.pipeline_tag);
  text +=
      format_markup<Markdown>("tags:\n- linnet\n---\n\n# {}\n\nTrained with Linnet from {}.\n", card.name, card.base);
  if (card.licence.empty())
    text +=
        "\nThe licence of the base model is not stated next to its weights: look it up before you pass this model "
        "on.\n";
  else
    text += format_markup<Markdown>("\nLicence of the base model: {}. It binds this model too.\n", card.licence);
  if (!card.labels.empty()) {
    text += "\nLabels:\n\n";
    for (const std::string& label : card.labels) text += format_markup<Markdown>("- {}\n", label);
  }
  text += table("Data", card.data) + table("Training", card.training) + table("Results", card.metrics);
  text += "\n## Limits\n\n- The results hold for text like the data they were measured on; measure again on yours";
  if (!card.measure.text().empty()) text += Markdown(": `") + card.measure + "`";
  text += ".\n- Nothing was done about bias or harmful answers, and neither was measured.\n";
  for (const std::string& warning : card.warnings) text += format_markup<Markdown>("- {}\n", warning);
  return text;
}

}  // namespace linnet
