// Saves a model as a Hugging Face folder.
//
//   save_model(*model, "my-model", WeightType::kBF16);
#pragma once

#include <filesystem>
#include <string_view>

#include "linnet/models/loader.h"

namespace linnet::models {

// Writes config.json (updated from the one that was read) and model.safetensors with the weights' own type or `dtype`
// (f32, bf16, f16). Copies tokenizer files from the model's files; for a GGUF it creates them.
void save_model(Model& model, const std::filesystem::path& folder, WeightType dtype = WeightType::kAuto);

// The config.json that the model was loaded with, updated; a new one if it had none.
Json updated_config(const Model& model);

// Copies the tokenizer, generation and pooling files of a folder to another; for a GGUF it creates equivalent ones.
void copy_companions(const ModelFiles& from, const std::filesystem::path& to);

// kBadInput naming the tensor if a weight to save is not finite, or overflows in the type it is saved in.
void check_saved(const Tensor& from, const Tensor& to, std::string_view name, const std::filesystem::path& place);

}  // namespace linnet::models
