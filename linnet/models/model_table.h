// The supported models, from the registry of families, as tables in Markdown: docs/models.md.
#pragma once

#include <string>
#include <string_view>

#include "linnet/nn/config.h"

namespace linnet::models {

// What a head is used for.
struct HeadUse {
  nn::HeadKind head;
  std::string_view name;      // "sequence classes"
  std::string_view verbs;     // of the program, joined by ", "
  std::string_view training;  // tasks of training, joined by ", "; empty: it is not trained
};
const HeadUse& use_of(nn::HeadKind head);

// Two tables: the heads with their uses, and the families with their heads.
std::string model_tables();

}  // namespace linnet::models
