// Describes a model from file headers, without reading weights.
//
//   Summary s = summarize("SmolLM2-135M-Instruct.gguf");
//   s.family->model_type, s.parameters, run_memory(s, WeightType::kAuto, 2048).total()
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "linnet/io/checkpoint.h"
#include "linnet/models/loader.h"

namespace linnet::models {

struct TensorSummary {
  std::string name;  // in the file
  std::string ours;  // the parameter it fills; "" if none (buffers, tied copies)
  StoredTensor stored;
  std::optional<nn::Role> role = {};  // of that parameter
  std::size_t bytes() const;
};

// A folder or file may have less than a model (a vocabulary, an adapter, tensors only); missing parts are empty.
struct Summary {
  std::filesystem::path place;
  const Family* family = nullptr;  // null if none is named or it is not supported
  std::string architecture;        // config.json's architectures[0]; for a GGUF the class of its family
  std::optional<TransformerConfig> config;
  std::vector<TensorSummary> tensors;  // in the file's order
  std::vector<std::string> missing;    // tensors of the architecture that the files lack
  std::int64_t parameters = 0;         // number of elements of all weights, tied ones once, without buffers
  std::optional<std::int64_t> vocab_size, context_length;
  std::optional<DType> dtype;  // the type of most of the weights' bytes
};

// A model folder, a .gguf file (also with only a vocabulary), a folder with a tokenizer or an adapter, a bare
// .safetensors or pytorch_model.bin. kBadInput as for loading: a broken header, a configuration out of range, a tensor
// whose shape is not the configuration's, a model type that is not supported (in a GGUF: `family` stays null).
Summary summarize(const ModelFiles& files);

// Memory to run one sequence of `positions` tokens.
struct RunMemory {
  std::size_t weights = 0, cache = 0, scratch = 0;
  std::size_t total() const { return weights + cache + scratch; }
};
RunMemory run_memory(const Summary& summary, WeightType type, std::int64_t positions);

// Weights, gradients and AdamW's two moments of every parameter, in f32; without activations.
std::size_t train_memory(const Summary& summary);

}  // namespace linnet::models
