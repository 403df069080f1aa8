// The output of `linnet eval`: the table as JSON and as text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "linnet/base/json.h"
#include "linnet/eval/comparison.h"
#include "output.h"

namespace linnet::app {

// A row of the table: the setup, and the answers to every text.
struct EvalRow {
  std::string name, model, engine;  // a baseline has no model
  std::string prompt;               // "" : the default, or none
  std::int64_t shots = 0;
  JudgedClasses judged;
  std::int64_t refused = 0;  // texts without an answer because of an error
  double texts_per_s = 0;
  std::uint64_t peak_bytes = 0;  // 0: unknown
};

struct EvalTable {
  const std::vector<EvalRow>& rows;
  const Comparison& comparison;
  const std::vector<std::string>& labels;
  double risk;
};

// {"rows":[{"name","model","engine","template","shots","metrics","intervals","per_label","confusion","texts_per_s",
// "peak_bytes","p_vs_best"}],"best","labels"}
Json eval_json(const EvalTable& table);
// Tables of at most 80 columns, and a line that names the best row.
Printable eval_text(const EvalTable& table);

}  // namespace linnet::app
