#include "model_options.h"

#include <fmt/format.h>

#include <array>
#include <chrono>

#include "linnet/backend/cpu/cpu.h"
#include "linnet/base/log.h"
#include "linnet/base/parallel.h"
#include "model_argument.h"

namespace linnet::app {

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::pair<std::string_view, models::WeightType>, 6> kTypes{{
    {"auto", models::WeightType::kAuto},
    {"f32", models::WeightType::kF32},
    {"bf16", models::WeightType::kBF16},
    {"f16", models::WeightType::kF16},
    {"q8", models::WeightType::kQ8},
    {"q4", models::WeightType::kQ4},
}};

// For --verbose.
void say_loaded(const Loaded& loaded, const std::string& dtype, std::chrono::duration<double> time) {
  const auto say = [](const Printable& text) { log_message(LogLevel::kDebug, text); };
  say(format_printable("model: {}, family {}, context {}, --dtype {}, loaded in {:.2f} s",
                       loaded.files.model.place().string(), loaded.model->family().model_type, loaded.model->context(),
                       dtype, time.count()));
  if (loaded.adapter) say(format_printable("adapter: {}", loaded.files.place().string()));
  say(format_printable("threads: {}", threads()));
  for (const NamedFact& kernel : cpu_kernels()) say(format_printable("{} products: {}", kernel.name, kernel.value));
}

}  // namespace

void add_model_options(Command& command, ModelOptions& options) {
  command.option("--model", options.model);
  command.option("--adapter", options.adapter);
  command.option("--base", options.base);
  command.choice("--dtype", options.dtype, weight_type_names());
  command.choice("--device", options.device, {"auto", "cpu"});
  command.option("--threads", options.threads);
  command.option("--seed", options.seed);
}

std::vector<std::string> weight_type_names() {
  std::vector<std::string> names;
  for (const auto& [name, type] : kTypes) names.emplace_back(name);
  return names;
}

models::WeightType weight_type(const Command& command, const std::string& name) {
  for (const auto& [text, type] : kTypes)
    if (text == name) return type;
  command.wrong_usage(
      format_printable("--dtype '{}' is not one of {}", printable(name, 40), fmt::join(weight_type_names(), ", ")));
}

void apply_machine_options(const ModelOptions& options) {
  set_threads(options.threads > 0 ? options.threads : default_threads());
}

PretrainedFiles find_model(const Command& command, const ModelOptions& options) {
  const fs::path named = resolve_model(options.model);
  if (!options.adapter.empty()) {
    if (!options.base.empty()) command.wrong_usage("--base goes with -m ADAPTER; with --adapter, -m is the base");
    return {named, resolve_model(options.adapter)};
  }
  if (is_adapter_folder(named)) {
    const AdapterFiles adapter(named);
    return {options.base.empty() ? resolve_base(adapter) : resolve_model(options.base), adapter};
  }
  if (!options.base.empty())
    command.wrong_usage(fmt::format("{} is not an adapter and needs no --base", printable(named.string())));
  return {named};
}

Loaded load_pretrained(const Command& command, const ModelOptions& options, models::LoadOptions load,
                       WithTokenizer wanted) {
  return load_pretrained(command, options, find_model(command, options), std::move(load), wanted);
}

Loaded load_pretrained(const Command& command, const ModelOptions& options, const PretrainedFiles& files,
                       models::LoadOptions load, WithTokenizer wanted) {
  const auto start = std::chrono::steady_clock::now();
  apply_machine_options(options);
  load.dtype = weight_type(command, options.dtype);
  load.seed = options.seed;
  Loaded loaded = linnet::load_pretrained(files, load, wanted);
  say_loaded(loaded, options.dtype, std::chrono::steady_clock::now() - start);
  return loaded;
}

}  // namespace linnet::app
