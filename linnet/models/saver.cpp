#include <algorithm>
#include <system_error>

#include "linnet/base/file.h"
#include "linnet/io/checkpoint.h"
#include "linnet/models/loader.h"

namespace linnet::models {
namespace {

// What a tokenizer may be made of; copied byte for byte so that the saved folder tokenizes as the source did.
constexpr const char* kTokenizerFiles[] = {
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.txt",
    "vocab.json", "merges.txt", "spiece.model", "tokenizer.model", "chat_template.jinja", "generation_config.json"};

void copy_tokenizer(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::error_code error;
  if (!std::filesystem::is_directory(from) || std::filesystem::equivalent(from, to, error)) return;
  for (const char* name : kTokenizerFiles)
    if (std::filesystem::exists(from / name)) write_file(to / name, read_file(from / name));
}

}  // namespace

void Model::save_pretrained(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  const Tensor& table = transformer_.token_table();
  CheckpointWriter out(folder);
  for (const nn::Parameter& p : parameters()) {
    check(!info(p.tensor->dtype()).quantized, "[save] '{}' is {}; a folder holds f32, bf16 or f16: load with --dtype f32",
          p.name, info(p.tensor->dtype()).name);
    // Norms and biases run in f32; they are saved as the file had them unless training moved the weights to f32.
    const bool as_stored = p.tensor->rank() < 2 && table.dtype() != DType::kF32 && info(stored_vectors_).floating;
    out.add(checkpoint_name(p.name), as_stored ? convert_weight(*p.tensor, stored_vectors_) : *p.tensor);
  }
  Json json = config_json_;
  write_config(json, *family_, config());
  const char* name = table.dtype() == DType::kF32 ? "float32" : table.dtype() == DType::kBF16 ? "bfloat16" : "float16";
  json[json.contains("dtype") ? "dtype" : "torch_dtype"] = name;
  out.finish();
  write_file(folder / "config.json", dump_json(json, 2) + "\n");
  copy_tokenizer(place_, folder);
}

}  // namespace linnet::models
