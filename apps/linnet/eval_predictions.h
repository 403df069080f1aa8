// `linnet eval --predictions F`: judges what any program predicted.
#pragma once

#include "eval_options.h"

namespace linnet::app {

// Prints the metrics, as text or as JSON: {"rows","metrics":{name:value},"intervals":{name:[low,high]}}.
void judge_predictions(const EvalArguments& arguments);

}  // namespace linnet::app
