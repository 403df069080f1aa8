// A few trainable tensors for a frozen model, in PEFT's file format: LoRA, prompt tuning, prefix tuning.
//
//   auto adapter = Adapter::create(*model, Lora{.rank = 8, .alpha = 16}, {.seed = 1});
//   nn::ForwardState state;
//   adapter->extend(state);                     // soft prompt or prefix; nothing for LoRA
//   Tensor hidden = model->forward(batch, state);
//   adapter->save("my-adapter");                // adapter_config.json, adapter_model.safetensors
//
//   Loaded again = load_pretrained("my-adapter");   // loaded.h; attached: every forward pass of again.model has it
//
//   auto other = load_sequence_adapter(*model, "other");   // for some requests of generate::Engine only
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

#include "linnet/adapt/adapter_files.h"
#include "linnet/models/model.h"

namespace linnet {

struct Lora {
  std::int64_t rank = 8;
  double alpha = 16, dropout = 0;
  LoraScale scale = LoraScale::kAlphaOverRank;
  std::vector<std::string> targets = {};  // Hugging Face's module names ("query_key_value"); empty: the family's;
                                          // "all-linear": all except outputs and classifiers
};
enum class PromptInit : std::uint8_t { kRandom, kVocabulary, kText };
struct PromptTuning {
  std::int64_t virtual_tokens = 20;
  PromptInit init = PromptInit::kRandom;
  std::string text = {};                    // kText: as written
  std::vector<std::int32_t> text_ids = {};  // kText: its tokens, truncated or repeated to fill
};
struct PrefixTuning {
  std::int64_t virtual_tokens = 20;
  bool projection = false;                         // an MLP (linear, tanh, linear) computes the prefix in training
  std::int64_t projection_hidden = 0;              // 0: that of keys and values
  PrefixReach reach = PrefixReach::kAllAttention;  // for an encoder-decoder; default as in the paper
};
using AdapterMethod = std::variant<Lora, PromptTuning, PrefixTuning>;

struct AdapterOptions {
  std::uint64_t seed = 0;
  std::string base = {};  // base_model_name_or_path; empty: where the model was loaded from
};

// The model must outlive the adapter and must not move.
class Adapter {
 public:
  static std::unique_ptr<Adapter> create(models::Model& model, const AdapterMethod& method,
                                         const AdapterOptions& options = {});
  // Loads the tensors of the files into `model`, also modules that were trained in full. If one of them is the token
  // table or the output matrix of a tied model, the model is untied. A wrong shape or name is kBadInput naming the
  // tensor.
  static std::unique_ptr<Adapter> load(models::Model& model, const AdapterFiles& files);
  virtual ~Adapter() = default;
  Adapter(const Adapter&) = delete;
  Adapter& operator=(const Adapter&) = delete;

  // Trainable parameters: the adapter's tensors and those of a head (a classifier) next to it, all with requires_grad.
  std::vector<nn::Parameter> parameters();
  // Adds the soft prompt or the prefix to a forward pass. The state refers to this adapter.
  virtual void extend(nn::ForwardState& state) { static_cast<void>(state); }
  virtual bool extends() const { return false; }
  // The updates of a LoRA, which every forward pass of the model adds; null for other kinds.
  virtual std::shared_ptr<const nn::LoraUpdates> lora() const { return nullptr; }
  // For inference: every later forward pass of the model uses the virtual tokens of `extend`.
  void attach();
  // LoRA: adds the update to the model's weights and removes itself. Others: kInvalidArgument.
  void merge();
  void save(const std::filesystem::path& folder) const;

  const PeftConfig& config() const { return config_; }
  // True if a module with this role is in modules_to_save (trained in full).
  bool saves(nn::Role role) const;
  // The soft prompt [virtual tokens, hidden]; undefined for other kinds.
  virtual Tensor prompt() const { return {}; }

 protected:
  Adapter(models::Model& model, PeftConfig config) : model_(&model), config_(std::move(config)) {}
  virtual std::vector<nn::Parameter> own_parameters() = 0;
  using Put = std::function<void(std::string name, const Tensor& value)>;
  virtual void put_tensors(const Put& put) const = 0;  // with the file's names
  virtual void merge_update();
  std::vector<nn::Parameter> head_parameters() const;  // those trained in full with the adapter

  models::Model* model_;
  PeftConfig config_;

 private:
  friend std::shared_ptr<const nn::SequenceAdapter> load_sequence_adapter(models::Model& model,
                                                                          const AdapterFiles& files);
  static std::unique_ptr<Adapter> read(models::Model& model, PeftConfig config, PeftTensors& tensors,
                                       std::string_view place);
  nn::VirtualTokens virtual_tokens();
  void put_saved_tensors(const std::map<std::string, Tensor>& tensors, std::string_view place);

  // A tensor of the file that replaced one of the model: of modules_to_save, a bias, the base layer of a LoRA.
  struct SavedTensor {
    std::string theirs, ours;
    DType base_type;  // type of the replaced tensor
  };
  std::vector<SavedTensor> saved_;
  std::vector<std::pair<std::string, std::string>> base_layers_;  // theirs, ours: base weights in a LoRA's file
};

// Reads an adapter for some sequences of a batch (ForwardState::adapters, generate::Request::adapter); the model does
// not change. kBadInput naming the tensor: it replaces one of the model (modules_to_save, a bias, a base layer), or has
// values that are not finite.
std::shared_ptr<const nn::SequenceAdapter> load_sequence_adapter(models::Model& model, const AdapterFiles& files);

// The model's token table [vocab, hidden].
Tensor token_table(models::Model& model);
// The nearest rows of the token table (by cosine) for each row of a soft prompt: ids, best first.
std::vector<std::vector<std::int32_t>> nearest_tokens(const Tensor& prompt, const Tensor& token_table, int count);

}  // namespace linnet
