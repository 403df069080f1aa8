// README.md of a trained folder: what it was made from, on what data, how well it does, and what to be careful about.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "linnet/train/markup.h"

namespace linnet {

struct ModelCard {
  std::string name = {}, base = {}, licence = {}, pipeline_tag = {}, library = "transformers";
  std::vector<std::string> labels = {};
  std::vector<std::pair<std::string, std::string>> data = {}, training = {}, metrics = {};  // name, value
  Markdown measure = {};                   // a command that judges the model by other rows; empty: there is none
  std::vector<std::string> warnings = {};  // of the data and of the run
};

// Markdown with the Hub's YAML head. An empty licence is said to be unknown, with the advice to look at the base's.
Markdown model_card(const ModelCard& card);

}  // namespace linnet
