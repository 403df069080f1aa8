#include "linnet/models/saver.h"

#include <algorithm>
#include <system_error>

#include "linnet/base/file.h"
#include "linnet/io/checkpoint.h"
#include "linnet/io/gguf.h"
#include "linnet/models/layout.h"
#include "linnet/models/loader.h"
#include "linnet/models/sentence_folder.h"
#include "linnet/nn/finite.h"
#include "linnet/tokenizer/gguf/export.h"
#include "linnet/tokenizer/tokenizer_files.h"

namespace linnet::models {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNamedTemplates = "additional_chat_templates";  // a folder

// Writes the files of a folder from a GGUF's metadata.
void write_companions(const GgufFile& file, const TransformerConfig& config, const fs::path& to) {
  if (const auto pooling = gguf_pooling(file)) write_modules(to, *pooling, config.hidden);
  if (file.has("tokenizer.ggml.tokens")) {
    const GgufVocabulary vocabulary = gguf_vocabulary(file);
    write_file(to / "tokenizer.json", tokenizer_json(vocabulary, file.place()));
    write_file(to / "tokenizer_config.json", tokenizer_config_json(vocabulary, config.max_positions));
  }
  Json generation = Json::object();
  if (config.bos_id >= 0) generation["bos_token_id"] = config.bos_id;
  if (config.eos_ids.size() == 1) generation["eos_token_id"] = config.eos_ids.front();
  if (config.eos_ids.size() > 1) generation["eos_token_id"] = config.eos_ids;
  if (config.pad_id >= 0) generation["pad_token_id"] = config.pad_id;
  if (!generation.empty() && config.head == HeadKind::kCausalLm)
    write_file(to / "generation_config.json", dump_json(generation, 2) + "\n");
}

const char* torch_name(DType type) {
  return type == DType::kBF16 ? "bfloat16" : type == DType::kF16 ? "float16" : "float32";
}

// The value of a parameter in a file of that type and order of values.
Tensor as_stored(const Model& model, const nn::Parameter& p, const Layout& layout, WeightType dtype) {
  const TransformerConfig& config = model.config();
  const Tensor own = p.tensor->to(kCpu);
  Tensor value = own;
  auto wanted = wanted_type(dtype);
  // A model that was loaded as f32 or bf16 is saved as such, also if its weights are still quantised.
  if (!wanted && info(value.dtype()).quantized && model.pass().precision != Precision::kByWeight)
    wanted = model.pass().precision == Precision::kF32 ? DType::kF32 : DType::kBF16;
  check(wanted || !info(value.dtype()).quantized, "[save] '{}' is {}; a folder holds f32, bf16 or f16: give {}", p.name,
        info(value.dtype()).name, option("dtype"));
  DType type = wanted.value_or(value.dtype());
  // Norms and biases are f32 in memory; they are saved in the file's type unless training converted the weights to f32.
  const bool vector = value.rank() < 2;
  if (!wanted && vector && model.token_table().dtype() != DType::kF32 && info(model.stored_vectors()).floating)
    type = model.stored_vectors();
  if (info(value.dtype()).quantized && transposes(value, p.role, layout_of(config), layout))
    value = convert_weight(value, type);
  value = convert_weight(relaid(value, p.role, config, layout_of(config), layout), type);
  check_saved(own, value, model.checkpoint_name(p.name), model.place());
  return value;
}

}  // namespace

void copy_companions(const ModelFiles& files, const fs::path& to) {
  std::error_code error;
  if (is_file(files.place()))
    return write_companions(*files.gguf(), gguf_transformer_config(*files.gguf(), files.family()), to);
  if (fs::equivalent(files.place(), to, error)) return;
  // Copies bytes, so that the saved folder tokenizes like the source.
  const fs::path& model = files.transformer();
  const auto copy_file = [&](const fs::path& name) {
    if (has_companion(model / name)) write_file(to / name, read_file(model / name));
  };
  for (const VocabularyFile& file : kVocabularyFiles) copy_file(file.name);
  for (const char* name : kTokenizerCompanions) copy_file(name);
  copy_file("generation_config.json");
  if (is_folder(model / kNamedTemplates)) {
    make_folders(to / kNamedTemplates);
    for (const fs::path& entry : list_folder(model / kNamedTemplates))
      if (is_file(entry)) copy_file(fs::path(kNamedTemplates) / entry.filename());
  }
  copy_sentence_files(files, to);
}

Json updated_config(const Model& model) {
  Json json = model.files() != nullptr && model.files()->is_folder() ? model.files()->config_json() : Json();
  write_config(json, model.family(), model.config());
  return json;
}

void check_saved(const Tensor& from, const Tensor& to, std::string_view name, const fs::path& place) {
  if (nn::all_finite(to)) return;
  check(!nn::all_finite(from), ErrorKind::kBadInput,
        "{}: tensor '{}' has values that {} cannot hold; choose another {}", place.string(), name,
        info(to.dtype()).name, option("dtype"));
  fail(ErrorKind::kBadInput, "{}: tensor '{}' holds values that are not finite (NaN or infinity); the file is damaged",
       place.string(), name);
}

void save_model(Model& model, const fs::path& folder, WeightType dtype) {
  check(dtype != WeightType::kQ8 && dtype != WeightType::kQ4, "[save] a folder holds f32, bf16 or f16, no blocks");
  make_folders(folder);
  const ModelFiles* files = model.files();
  const Presence source = files == nullptr ? Presence::kAbsent : presence(files->place());
  if (source == Presence::kFolder) copy_companions(*files, folder);
  if (source == Presence::kFile) write_companions(*files->gguf(), model.config(), folder);
  const Layout layout = folder_layout(model.family());
  CheckpointWriter out(folder);
  for (const nn::Parameter& p : model.parameters())
    out.add(model.checkpoint_name(p.name), as_stored(model, p, layout, dtype));
  Json json = updated_config(model);
  const DType table = model.token_table().dtype();
  json[json.contains("dtype") ? "dtype" : "torch_dtype"] = torch_name(wanted_type(dtype).value_or(table));
  out.finish();
  write_file(folder / "config.json", dump_json(json, 2) + "\n");
}

}  // namespace linnet::models
