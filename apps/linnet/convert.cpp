// linnet convert: converts a model to another file format or type of weights.
#include <fmt/format.h>

#include "folder_weights.h"
#include "linnet/adapt/peft_config.h"
#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/io/gguf.h"
#include "linnet/models/gguf_saver.h"
#include "linnet/models/saver.h"
#include "linnet/tokenizer/gguf/export.h"
#include "model_argument.h"
#include "model_options.h"
#include "output.h"
#include "progress.h"
#include "verbs.h"

namespace linnet::app {

namespace fs = std::filesystem;
using models::WeightType;

namespace {

bool is_gguf(const fs::path& path) { return path.extension() == ".gguf"; }

// The name of "a/b/." is b. A deleted working directory has no name.
std::string name_of(const fs::path& path) {
  std::error_code error;
  const fs::path whole = fs::absolute(path, error);
  return (error ? path : whole).lexically_normal().filename().string();
}

void to_gguf(const fs::path& source, const fs::path& output, WeightType dtype) {
  Progress bar("writing", 0, "", Progress::Unit::kBytes);
  models::GgufOptions options{.dtype = dtype};
  options.progress = [&](std::size_t done, std::size_t all) {
    bar.set_total(static_cast<std::int64_t>(all));
    bar.set(static_cast<std::int64_t>(done));
  };
  if (!is_folder(source)) return models::convert_gguf(*GgufFile::open(source), output, options);
  const auto model = models::load_model(source);
  options.vocabulary = export_gguf_vocabulary(model->files()->transformer(), model->config().vocab);
  options.name = name_of(source);
  models::save_gguf(*model, output, options);
}

void to_folder(const Command& command, const fs::path& source, const fs::path& output, WeightType dtype) {
  AtomicFolder folder(output);
  const auto model = models::load_model(source);
  require_folder_type(command, *model, dtype, source.string());
  models::save_model(*model, folder.path(), dtype);
  folder.commit();
}

}  // namespace

void run_convert(Arguments arguments) {
  ModelOptions options;
  std::string named, output;
  bool json = false;
  Command command("convert", "a model as a GGUF file or a folder, with weights of another type");
  command.example("linnet convert my-model -o my-model-q8.gguf --dtype q8");
  command.example("linnet convert SmolLM2-135M-Instruct.gguf -o smollm2 --dtype bf16");
  command.option("MODEL", named);
  command.option("--model", options.model);
  command.option("--output", output);
  command.choice("--dtype", options.dtype, weight_type_names());
  command.option("--threads", options.threads);
  command.flag("--json", json);
  command.parse(arguments);
  if (output.empty()) command.wrong_usage("-o OUT is missing: a name ending in .gguf, or a folder");
  const WeightType dtype = weight_type(command, options.dtype);
  apply_machine_options(options);
  if (!is_gguf(output) && (dtype == WeightType::kQ8 || dtype == WeightType::kQ4))
    command.wrong_usage("a folder holds f32, bf16 or f16; for q8 and q4 let -o end in .gguf");
  const fs::path source = resolve_model(named.empty() ? options.model : named);
  check(!is_adapter_folder(source), ErrorKind::kBadInput, "{}: is an adapter; `linnet merge` folds it into its base",
        source.string());
  if (is_gguf(output))
    to_gguf(source, output, dtype);
  else
    to_folder(command, source, output, dtype);
  if (json)
    return print_json({{"output", output}, {"format", is_gguf(output) ? "gguf" : "folder"}, {"dtype", options.dtype}});
  print_result(fmt::format("wrote {}\n", output));
}

}  // namespace linnet::app
