// What a model is, from headers alone: no weight is read.
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
#include "linnet/models/model.h"

namespace linnet::models {

struct TensorSummary {
  std::string name;  // in the file
  std::string ours;  // the parameter it fills; "" for what no parameter stands for (buffers, tied copies)
  StoredTensor stored;
  std::optional<nn::Role> role = {};  // of that parameter
  std::size_t bytes() const;
};

// A folder or file may hold less than a model (a vocabulary, an adapter, bare tensors): what is not there is empty.
struct Summary {
  std::filesystem::path place;
  const Family* family = nullptr;  // null where none is named, or one that is not supported
  std::string architecture;        // config.json's architectures[0]; the class a GGUF of its family stands for
  std::optional<TransformerConfig> config;
  std::vector<TensorSummary> tensors;  // in the file's order
  std::vector<std::string> missing;    // tensors that the architecture has and the files lack
  std::int64_t parameters = 0;         // numbers in the weights, tied ones once; buffers do not count
  std::optional<std::int64_t> vocab_size, context_length;
  std::optional<DType> dtype;  // what most of the weights' bytes are in
};

// A model folder, a .gguf file (one with nothing but a vocabulary too), a folder with a tokenizer or an adapter, a bare
// .safetensors or pytorch_model.bin. kBadInput as loading gives it: a broken header, a configuration out of range, a
// tensor whose shape is not the configuration's, a model type that is not supported (in a GGUF: `family` stays null).
Summary summarize(const std::filesystem::path& path);

// Bytes while running one sequence of `positions` tokens.
struct RunMemory {
  std::size_t weights = 0, cache = 0, scratch = 0;
  std::size_t total() const { return weights + cache + scratch; }
};
RunMemory run_memory(const Summary& summary, WeightType type, std::int64_t positions);

// Weights, gradients and AdamW's two averages of every parameter, in f32; activations come on top.
std::size_t train_memory(const Summary& summary);

}  // namespace linnet::models
