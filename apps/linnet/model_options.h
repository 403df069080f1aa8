// Options of every verb that runs a model, and the function that loads the model.
//
//   ModelOptions options;
//   add_model_options(command, options);
//   command.parse(arguments);
//   LoadedModel loaded = load_model(command, options);
//   loaded.model->forward(batch);
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "command.h"
#include "linnet/adapt/adapter.h"
#include "linnet/models/pretrained.h"

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

enum class WithTokenizer : std::uint8_t { kRequired, kIfThere };

struct LoadedModel {
  std::unique_ptr<models::Model> model;
  std::optional<Tokenizer> tokenizer_if_there;
  std::unique_ptr<Adapter> adapter;  // attached to the model; or null
  std::filesystem::path place;       // the given folder (of the model or adapter) or file

  const Tokenizer& tokenizer() const { return *tokenizer_if_there; }
};

// Paths of the model; `adapter` is empty without one.
struct ModelPlaces {
  std::filesystem::path base, adapter;
};
ModelPlaces find_model(const Command& command, const ModelOptions& options);

// Applies --threads and --device, resolves the names and loads. `load` has options of some verbs; dtype and seed are
// from the options.
LoadedModel load_model(const Command& command, const ModelOptions& options, models::LoadOptions load = {},
                       WithTokenizer tokenizer = WithTokenizer::kRequired);

// --threads and --device; load_model does it too.
void apply_machine_options(const ModelOptions& options);
std::vector<std::string> weight_type_names();  // "auto" first
// The type of a --dtype name; wrong usage for another.
models::WeightType weight_type(const Command& command, const std::string& name);

}  // namespace linnet::app
