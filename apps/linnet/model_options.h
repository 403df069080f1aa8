// Options of every verb that runs a model, and the function that loads the model.
//
//   ModelOptions options;
//   add_model_options(command, options);
//   command.parse(arguments);
//   Loaded loaded = load_pretrained(command, options);
//   loaded.model->forward(batch);
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "command.h"
#include "linnet/adapt/loaded.h"

namespace linnet::app {

struct ModelOptions {
  std::string model;            // folder, .gguf file, org/name, or a PEFT folder; empty: the default model
  std::string adapter, base;    // an adapter on `model`; the base of the adapter that is `model`
  std::string dtype = "auto";   // auto, f32, bf16, f16, q8, q4
  std::string device = "auto";  // auto, cpu
  int threads = 0;              // 0: the physical cores this process may use
  std::uint64_t seed = 0;
};

void add_model_options(Command& command, ModelOptions& options);

// Resolves the names.
PretrainedFiles find_model(const Command& command, const ModelOptions& options);

// Applies --threads and --device and loads. `load` has options of some verbs; dtype and seed are from the options.
Loaded load_pretrained(const Command& command, const ModelOptions& options, const PretrainedFiles& files,
                       models::LoadOptions load = {}, WithTokenizer tokenizer = WithTokenizer::kRequired);
Loaded load_pretrained(const Command& command, const ModelOptions& options, models::LoadOptions load = {},
                       WithTokenizer tokenizer = WithTokenizer::kRequired);

// --threads and --device; load_pretrained does it too.
void apply_machine_options(const ModelOptions& options);
std::vector<std::string> weight_type_names();  // "auto" first
// The type of a --dtype name; wrong usage for another.
models::WeightType weight_type(const Command& command, const std::string& name);

}  // namespace linnet::app
