// Fills a transformer's parameters from a checkpoint.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "linnet/io/checkpoint.h"
#include "linnet/models/model.h"

namespace linnet {
class GgufFile;
}

namespace linnet::models {

class ModelLoader {
 public:
  explicit ModelLoader(const LoadOptions& options) : options_(options) {}
  std::unique_ptr<Model> load(const std::filesystem::path& path);

  // Initialises every undefined parameter randomly.
  static void initialise(Model& model, std::uint64_t seed);

 private:
  std::unique_ptr<Model> load_folder(const std::filesystem::path& folder);
  std::unique_ptr<Model> load_gguf(const std::filesystem::path& file);
  void apply_options(TransformerConfig& config) const;
  void fill(Model& model, const CheckpointReader& checkpoint) const;
  void place(Model& model, const nn::Parameter& parameter, const Tensor& value, const std::string& name) const;
  void finish(Model& model, const std::vector<nn::Parameter>& missing, const std::string& place) const;
  LoadOptions options_;
};

// The type of a loaded tensor: vectors f32, matrices as requested.
DType kept_type(const StoredTensor& stored, WeightType type);
// kBadInput naming the tensor if the stored tensor does not fit the parameter.
void check_stored(const nn::Parameter& parameter, const StoredTensor& stored, std::string_view name,
                  const std::filesystem::path& place);

// kBadInput naming the tensor if a weight to save is not finite, or overflows in the type it is saved in.
void check_saved(const Tensor& from, const Tensor& to, std::string_view name, const std::filesystem::path& place);

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
