// Loads a model: fills a transformer's parameters from a checkpoint.
//
//   auto model = load_model("SmolLM2-135M-Instruct.gguf", {.dtype = WeightType::kF32});
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "linnet/io/checkpoint.h"
#include "linnet/models/model.h"
#include "linnet/models/model_files.h"

namespace linnet::models {

// The type of the weights. kAuto: that of the file, also quantised. kF32: everything exact, also products and KV cache
// (for parity tests); quantised weights stay quantised and are multiplied by their exact f32 values. kBF16: they stay
// quantised too, and the other side of their products is rounded to bf16 instead of 8 bits. kQ8 and kQ4 convert
// matrices to Q8_0 and Q4_1.
enum class WeightType : std::uint8_t { kAuto, kF32, kBF16, kF16, kQ8, kQ4 };

struct LoadOptions {
  WeightType dtype = WeightType::kAuto;
  Device device = {};
  std::optional<HeadKind> head = {};              // overrides the head of the file's architecture
  std::vector<std::string> labels = {};           // of a new classification head
  ProblemType problem = ProblemType::kInferred;   // problem type of a new classification head
  std::optional<ClassifierKind> classifier = {};  // its layers; unset: the family's default
  std::optional<Pooling> pooling = {};            // its pooling; unset: the family's default
  bool new_head = false;                          // replaces a head of another size instead of an error
  std::uint64_t seed = 0;                         // for the weights of a new head
  bool from_scratch = false;                      // reads the configuration only; every weight is randomly initialised
};

// A folder with config.json and weights, or a .gguf file. kBadInput naming the file.
std::unique_ptr<Model> load_model(const ModelFiles& files, const LoadOptions& options = {});

class ModelLoader {
 public:
  ModelLoader(const ModelFiles& files, const LoadOptions& options)
      : files_(files), options_(options), folder_(files.transformer()) {}
  std::unique_ptr<Model> load();

  // Initialises every undefined parameter randomly.
  static void initialise(Model& model, std::uint64_t seed);

 private:
  std::unique_ptr<Model> load_folder();
  std::unique_ptr<Model> load_gguf();
  void apply_options(TransformerConfig& config) const;
  void fill(Model& model, const CheckpointReader& checkpoint) const;
  void place(Model& model, const nn::Parameter& parameter, const Tensor& value, const std::string& name) const;
  void finish(Model& model, const std::vector<nn::Parameter>& missing, const std::string& place) const;
  ModelFiles files_;
  LoadOptions options_;
  std::filesystem::path folder_;  // with the weights, or the file; for messages
};

// The type of a loaded tensor: vectors f32, matrices as requested.
DType kept_type(const StoredTensor& stored, WeightType type);
// kBadInput naming the tensor if the stored tensor does not fit the parameter.
void check_stored(const nn::Parameter& parameter, const StoredTensor& stored, std::string_view name,
                  const std::filesystem::path& place);

// The config from a GGUF's metadata and tensors; `head` overrides that of the file.
enum class UnknownFields : std::uint8_t { kPassOver, kWarn };
TransformerConfig gguf_transformer_config(const GgufFile& file, const Family& family, std::optional<HeadKind> head = {},
                                          UnknownFields unknown = UnknownFields::kPassOver);
// A GGUF's metadata below "<architecture>." as JSON, with the vocabulary's size.
Json gguf_config(const GgufFile& file);

// The element type of a WeightType; none for kAuto (unchanged).
std::optional<DType> wanted_type(WeightType type);

// Converts values of any floating or quantised type, some rows at a time to save memory.
Tensor convert_weight(const Tensor& value, DType type);

}  // namespace linnet::models
