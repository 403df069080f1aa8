// linnet merge: merges a LoRA adapter into its base.
#include <fmt/format.h>

#include "folder_weights.h"
#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/models/saver.h"
#include "model_argument.h"
#include "model_options.h"
#include "output.h"
#include "verbs.h"

namespace linnet::app {

namespace fs = std::filesystem;

void run_merge(Arguments arguments) {
  ModelOptions options;
  std::string named, output;
  bool json = false;
  Command command("merge", "a LoRA adapter folded into its base, saved as a folder");
  command.example("linnet merge my-adapter -o my-model");
  command.example("linnet merge my-adapter --base SmolLM2-135M-Instruct.gguf -o my-model --dtype f32");
  command.option("ADAPTER", named);
  command.option("--model", options.model);
  command.option("--base", options.base);
  command.option("--output", output);
  command.choice("--dtype", options.dtype, weight_type_names());
  command.option("--threads", options.threads);
  command.flag("--json", json);
  command.parse(arguments);
  if (output.empty()) command.wrong_usage("-o OUT is missing: the folder to write");
  if (named.empty() && options.model.empty()) command.wrong_usage("which adapter? name a PEFT folder");
  if (fs::path(output).extension() == ".gguf")
    command.wrong_usage("merge writes a folder; `linnet convert FOLDER -o X.gguf` makes a GGUF of it");
  if (!named.empty()) options.model = named;
  const models::WeightType dtype = weight_type(command, options.dtype);
  if (dtype == models::WeightType::kQ8 || dtype == models::WeightType::kQ4)
    command.wrong_usage("a folder holds f32, bf16 or f16; `linnet convert` makes q8 and q4 of it");

  const fs::path adapter = resolve_model(options.model);
  check(is_adapter_folder(adapter), ErrorKind::kBadInput, "{}: is not an adapter: it has no adapter_config.json",
        adapter.string());
  const PretrainedFiles files = find_model(command, options);
  check(files.adapter->config().kind == AdapterKind::kLora, ErrorKind::kBadInput,
        "{}: is a soft prompt or prefix, which changes no weights and cannot be folded into them; use it with -m",
        adapter.string());
  AtomicFolder folder(output);
  Loaded loaded = load_pretrained(command, options, files, {}, WithTokenizer::kIfThere);
  require_folder_type(command, *loaded.model, dtype, files.model.place().string());
  loaded.adapter->merge();
  models::save_model(*loaded.model, folder.path(), dtype);
  models::copy_companions(files.adapter->companions(), folder.path());
  folder.commit();
  if (json) return print_json({{"output", output}, {"format", "folder"}, {"dtype", options.dtype}});
  print_result(fmt::format("wrote {}\n", output));
}

}  // namespace linnet::app
