// README.md of a trained folder: base model, data, metrics, and warnings.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "linnet/base/markup.h"

namespace linnet {

struct ModelCard {
  std::string name = {}, base = {}, licence = {}, pipeline_tag = {}, library = "transformers";
  std::vector<std::string> labels = {};
  std::vector<std::pair<std::string, std::string>> data = {}, training = {}, metrics = {};  // name, value
  Markdown measure = {};                   // a command that evaluates the model on other rows; empty: none
  std::vector<std::string> warnings = {};  // of the data and of the run
};

// Markdown with the Hub's YAML front matter. An empty licence is shown as unknown, with advice to check that of the
// base.
Markdown model_card(const ModelCard& card);

}  // namespace linnet
