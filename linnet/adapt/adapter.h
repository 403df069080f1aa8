// A small set of trainable tensors beside a frozen model, in PEFT's file format: LoRA, prompt tuning, prefix tuning.
//
//   auto adapter = Adapter::create(*model, Lora{.rank = 8, .alpha = 16}, {.seed = 1});
//   nn::ForwardState state;
//   adapter->extend(state);                     // soft prompt or prefix; nothing for LoRA
//   Tensor hidden = model->forward(batch, state);
//   adapter->save("my-adapter");                // adapter_config.json, adapter_model.safetensors
//
//   AdaptedModel again = load_adapted("my-adapter");   // attached: every forward pass of again.model has it
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "linnet/adapt/peft_config.h"
#include "linnet/models/model.h"

namespace linnet {

struct Lora {
  std::int64_t rank = 8;
  double alpha = 16, dropout = 0;
  LoraScale scale = LoraScale::kAlphaOverRank;
  std::vector<std::string> targets = {};  // Hugging Face's module names ("query_key_value"); empty: the family's;
                                          // "all-linear": all but outputs and classifiers
};
enum class PromptInit : std::uint8_t { kRandom, kVocabulary, kText };
struct PromptTuning {
  std::int64_t virtual_tokens = 20;
  PromptInit init = PromptInit::kRandom;
  std::string text = {};                    // kText: as written
  std::vector<std::int32_t> text_ids = {};  // kText: its tokens, cut or repeated to fill
};
struct PrefixTuning {
  std::int64_t virtual_tokens = 20;
  bool projection = false;                         // a perceptron (linear, tanh, linear) makes it in training
  std::int64_t projection_hidden = 0;              // 0: that of keys and values
  PrefixReach reach = PrefixReach::kAllAttention;  // of an encoder-decoder: as in the paper
};
using AdapterMethod = std::variant<Lora, PromptTuning, PrefixTuning>;

struct AdapterOptions {
  std::uint64_t seed = 0;
  std::string base = {};  // base_model_name_or_path; empty: where the model was loaded from
};

// The model must outlive the adapter and stay where it is.
class Adapter {
 public:
  static std::unique_ptr<Adapter> create(models::Model& model, const AdapterMethod& method,
                                         const AdapterOptions& options = {});
  // Tensors of `folder` onto `model`, modules that were trained in full with the adapter too. Where one of them is the
  // vocabulary table or the output matrix of a model that ties both, the model is untied. Shapes or names that do not
  // fit: kBadInput naming the tensor.
  static std::unique_ptr<Adapter> load(models::Model& model, const std::filesystem::path& folder);
  virtual ~Adapter() = default;
  Adapter(const Adapter&) = delete;
  Adapter& operator=(const Adapter&) = delete;

  // What trains: the adapter's own tensors and the head's (a classifier beside it), all with requires_grad on.
  std::vector<nn::Parameter> parameters();
  // Puts the soft prompt or the prefix into a forward pass. The state refers to this adapter.
  virtual void extend(nn::ForwardState& state) { static_cast<void>(state); }
  virtual bool extends() const { return false; }
  // For inference: from here on every forward pass of the model starts with what `extend` adds now.
  void attach();
  // LoRA: adds the update into the model's weights and takes itself off. Others: kInvalidArgument.
  void merge();
  void save(const std::filesystem::path& folder) const;

  const PeftConfig& config() const { return config_; }
  // Is a module with this role in modules_to_save: trained in full, beside the adapter?
  bool saves(nn::Role role) const;
  // The soft prompt [virtual tokens, hidden]; undefined for others.
  virtual Tensor prompt() const { return {}; }

 protected:
  Adapter(models::Model& model, PeftConfig config) : model_(&model), config_(std::move(config)) {}
  virtual std::vector<nn::Parameter> own_parameters() = 0;
  using Put = std::function<void(std::string name, const Tensor& value)>;
  virtual void put_tensors(const Put& put) const = 0;  // under the file's names
  virtual void merge_update();
  std::vector<nn::Parameter> head_parameters() const;  // what of the model is trained in full next to the adapter

  models::Model* model_;
  PeftConfig config_;

 private:
  void put_saved_tensors(const std::map<std::string, Tensor>& tensors, std::string_view place);

  // A tensor of the file that replaced one of the model's: of modules_to_save, a bias, the base layer of a LoRA.
  struct SavedTensor {
    std::string theirs, ours;
    DType base_type;  // of what it replaced
  };
  std::vector<SavedTensor> saved_;
  std::vector<std::pair<std::string, std::string>> base_layers_;  // theirs, ours: weights under a LoRA that it stores
};

// The model's vocabulary rows [vocab, hidden].
Tensor token_table(models::Model& model);
// The rows of the vocabulary nearest (by cosine) to each row of a soft prompt (R40): ids, best first.
std::vector<std::vector<std::int32_t>> nearest_tokens(const Tensor& prompt, const Tensor& token_table, int count);

// Where an adapter's base lies: base_model_name_or_path as a path relative to the adapter's folder, then to the working
// directory; empty when neither exists (it may be a repository's name).
std::filesystem::path adapter_base(const std::filesystem::path& folder);

struct AdaptedModel {
  std::unique_ptr<models::Model> model;
  std::unique_ptr<Adapter> adapter;
  std::filesystem::path base;
};
// The base (`base`, or where adapter_base finds it) with the adapter on it; a classifier's labels come from the
// config.json of the adapter's folder, else from the base where it has as many, else they are LABEL_0, ….
AdaptedModel load_adapted(const std::filesystem::path& folder, const std::filesystem::path& base = {},
                          const models::LoadOptions& options = {});
// What the configuration of that model will be, before any weight is read.
nn::TransformerConfig adapted_config(const std::filesystem::path& folder, const std::filesystem::path& base);

}  // namespace linnet
