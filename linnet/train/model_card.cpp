#include "linnet/train/model_card.h"

#include <fmt/format.h>

#include "linnet/base/json.h"

namespace linnet {
namespace {

// A JSON string is a YAML string: nothing in a name can break the head.
std::string quoted(const std::string& text) { return dump_json(Json(text)); }

std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|')
      out += "\\|";
    else
      out += c == '\n' || c == '\r' ? ' ' : c;
  }
  return out;
}

std::string table(const char* title, const std::vector<std::pair<std::string, std::string>>& rows) {
  if (rows.empty()) return "";
  std::string text = fmt::format("\n## {}\n\n| | |\n|---|---|\n", title);
  for (const auto& [name, value] : rows) text += fmt::format("| {} | {} |\n", cell(name), cell(value));
  return text;
}

}  // namespace

std::string model_card(const ModelCard& card) {
  std::string text = "---\n";
  if (!card.licence.empty()) text += "license: " + quoted(card.licence) + "\n";
  text += "library_name: " + card.library + "\n";
  if (!card.base.empty()) text += "base_model: " + quoted(card.base) + "\n";
  if (!card.pipeline_tag.empty()) text += "pipeline_tag: " + card.pipeline_tag + "\n";
  text += "tags:\n- linnet\n---\n\n# " + cell(card.name) + "\n\n";
  text += fmt::format("Trained with Linnet from `{}`.\n", cell(card.base));
  if (card.licence.empty())
    text +=
        "\nThe licence of the base model is not stated beside its weights: look it up before you pass this model on.\n";
  else
    text += fmt::format("\nLicence of the base model: {}. It binds this model too.\n", cell(card.licence));
  if (!card.labels.empty()) {
    text += "\nLabels:";
    for (const std::string& label : card.labels) text += " `" + cell(label) + "`";
    text += "\n";
  }
  text += table("Data", card.data) + table("Training", card.training) + table("Results", card.metrics);
  text += fmt::format(
      "\n## Limits\n\n"
      "- The results hold for text like the data they were measured on; measure again on yours{}.\n"
      "- Nothing was done about bias or harmful answers, and neither was measured.\n",
      card.measure.empty() ? "" : ": `" + card.measure + "`");
  for (const std::string& warning : card.warnings) text += "- " + cell(warning) + "\n";
  return text;
}

}  // namespace linnet
