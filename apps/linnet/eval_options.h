// The command line of `linnet eval`, and the rows of its table: every combination of the repeated options.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "classify_options.h"
#include "command.h"
#include "model_options.h"
#include "text_options.h"

namespace linnet::app {

struct EvalArguments {
  std::string data;               // a file or a folder of splits
  std::string examples;           // training rows, if `data` is a file
  std::string predictions, gold;  // instead of `data`: what another program predicted
  std::vector<std::string> metrics;
  RowOptions columns;
  std::vector<std::string> models, adapters, engines, templates, shots;
  ClassifyArguments classify;  // options that all rows share
  double risk = 0.05;
  std::int64_t bootstrap = 2000;
  std::string output, report;
  bool json = false;
};

void add_eval_options(Command& command, EvalArguments& arguments);

// What a row of the table asks for, before the model is known.
struct EvalSetup {
  std::string engine = "auto";
  std::string prompt = {};  // as in --template; empty: the default of the engine
  std::int64_t shots = 0;
};
// Wrong usage for unknown engines and numbers of shots that are not whole.
std::vector<EvalSetup> eval_setups(const Command& command, const EvalArguments& arguments);

struct EvalModel {
  ModelOptions options;
  std::string name;  // of its file or folder, "model+adapter"
};
std::vector<EvalModel> eval_models(const EvalArguments& arguments);

// The setup's options for an engine. Options that this engine does not have are left out, so that models with a trained
// head may be compared with prompted ones.
tasks::ClassifyOptions setup_options(const Command& command, const EvalArguments& arguments, const EvalSetup& setup,
                                     tasks::Engine engine);

}  // namespace linnet::app
