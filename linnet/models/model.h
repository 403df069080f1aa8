// A pretrained model: weights from a Hugging Face folder or a GGUF file, run over packed batches.
//
//   auto model = Model::from_pretrained("SmolLM2-135M-Instruct.gguf");
//   nn::Packed batch = nn::pack({ids});
//   Tensor hidden = model->forward(batch);              // [rows, hidden]
//   Tensor logits = model->logits(hidden, last_rows);   // only the rows asked for: [n, vocab]
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "linnet/models/family.h"
#include "linnet/nn/transformer.h"

namespace linnet::models {

// The type of the weights. kAuto: that of the file, also quantised. kF32: everything exact, also products and KV cache
// (for parity tests); quantised weights stay quantised and are multiplied by their exact f32 values. kQ8 and kQ4
// convert matrices to Q8_0 and Q4_1.
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

// A new classifier for training.
struct NewHead {
  HeadKind kind = HeadKind::kSequenceClass;  // or kTokenClass, kQuestionAnswering
  std::vector<std::string> labels = {};
  ProblemType problem = ProblemType::kInferred;
  ClassifierKind classifier = ClassifierKind::kLinear;
  Pooling pooling = Pooling::kLast;
};

struct Layout;

class Model {
 public:
  // A folder with config.json and weights, or a .gguf file. kBadInput naming the file.
  static std::unique_ptr<Model> from_pretrained(const std::filesystem::path& path, const LoadOptions& options = {});
  // Fresh weights: normal(0, initializer_range), norms 1, biases 0, as Transformers' _init_weights.
  static std::unique_ptr<Model> from_config(const Family& family, const TransformerConfig& config, std::uint64_t seed);

  // --- running -----------------------------------------------------------------------------------------------------

  // Results that are not finite are kBadInput naming the first tensor of the files that is not, or kRuntime if all
  // are; not checked with `pass().training` or `pass().keeps_not_finite`.
  Tensor forward(const nn::Packed& batch,
                 const nn::ForwardState& state = {}) const;  // last hidden state [rows, hidden]
  nn::Encoded encode(const nn::Packed& batch, const nn::ForwardState& state = {}) const;
  // Logits over the vocabulary for hidden rows [n, hidden] -> [n, vocab] (language model heads).
  Tensor logits(const Tensor& hidden) const;
  Tensor logits(const Tensor& hidden, std::span<const std::int32_t> rows) const;
  // The same with one adapter per row (ForwardState::adapters) instead of the model's.
  Tensor logits(const Tensor& hidden, std::span<const std::int32_t> rows,
                std::span<const nn::SequenceAdapter* const> adapters) const;
  // The input of a sequence classifier [sequences, hidden], and its logits. Token classification and question answering
  // use the hidden rows.
  Tensor pooled(const Tensor& hidden, const nn::Packed& batch) const;
  // Forward pass and pooling together: also correct with a soft prompt before the pooled row. `pooling_rows`
  // [sequences, hidden] is the step before.
  Tensor pooled(const nn::Packed& batch, const nn::ForwardState& state = {}) const;
  Tensor pooling_rows(const nn::Packed& batch, const nn::ForwardState& state = {}) const;
  Tensor classify(const Tensor& features) const;
  Tensor next_sentence(const Tensor& pooled) const;

  // The input of the output matrix, and that matrix with its LoRA update, for fused losses.
  Tensor before_output(const Tensor& hidden) const;
  Tensor output_weight() const;
  const Tensor& output_bias() const;

  // Virtual tokens of every forward pass whose state has none: a soft prompt or a prefix for inference (a LoRA is in
  // `pass().lora`). {} removes them.
  void set_virtual_tokens(nn::VirtualTokens tokens) { virtual_tokens_ = std::move(tokens); }
  const nn::VirtualTokens& virtual_tokens() const { return virtual_tokens_; }
  // Maximum number of tokens of a text, without the virtual ones; 0: unlimited.
  std::int64_t context() const { return context(virtual_tokens_.count()); }
  std::int64_t context(std::int64_t virtual_tokens) const;

  // Moves the weights to a device, before adapters are loaded and virtual tokens set.
  void to(Device device);
  Device device() const;
  nn::KvCache make_cache(std::size_t blocks = nn::KvCache::kUnbounded) const;
  nn::Pass& pass() { return pass_; }  // precision, training, dropout seed and step
  const nn::Pass& pass() const { return pass_; }

  // --- parts -------------------------------------------------------------------------------------------------------
  const TransformerConfig& config() const { return transformer_.config(); }
  const Family& family() const { return *family_; }
  const std::filesystem::path& place() const { return place_; }  // where it was loaded from
  const Json& config_json() const { return config_json_; }       // as read; empty from a GGUF
  std::vector<nn::Parameter> parameters();                       // in a fixed order, tied ones once
  std::vector<nn::NamedLinear> linears();
  std::string checkpoint_name(std::string_view ours) const;  // Hugging Face's name of a parameter or module
  std::int64_t parameter_count();

  // The configuration of a folder or .gguf file, without its weights.
  static TransformerConfig read_config(const std::filesystem::path& path, std::optional<HeadKind> head = {});
  static const Family& read_family(const std::filesystem::path& path);

  void new_head(NewHead head, std::uint64_t seed);
  // True if the pooler was randomly initialised because the checkpoint has none; then training a head also trains it.
  bool pooler_drawn() const { return pooler_drawn_; }
  void set_head_trained(bool trained);
  // Unties the output matrix: a parameter "head.output.weight" with the same values.
  void untie() { transformer_.untie(); }
  const nn::Embeddings& embeddings() const { return transformer_.embeddings(); }
  // Converts every weight to f32 on the heap, so that training may write to it.
  void make_trainable();

  // Writes config.json (updated from the one that was read) and model.safetensors with the weights' own type or `dtype`
  // (f32, bf16, f16). Copies tokenizer files from `place`; for a GGUF it creates them.
  void save_pretrained(const std::filesystem::path& folder, WeightType dtype = WeightType::kAuto);

 private:
  Model(const Family& family, const TransformerConfig& config) : family_(&family), transformer_(config) {}
  friend class ModelLoader;
  nn::ForwardState with_virtual_tokens(const nn::ForwardState& state) const;
  template <class Run>
  Tensor run_decoder(const nn::Packed& batch, const nn::ForwardState& state, const Run& run) const;
  Tensor finite(Tensor result) const;
  Tensor scores(const Tensor& hidden, const nn::Pass& pass) const;
  [[noreturn]] void refuse_not_finite() const;
  Tensor as_stored(const nn::Parameter& parameter, const Layout& layout, WeightType dtype) const;

  const Family* family_;
  nn::Transformer transformer_;
  nn::Pass pass_;
  nn::VirtualTokens virtual_tokens_;
  std::filesystem::path place_;
  Json config_json_;
  bool pooler_drawn_ = false;
  DType stored_vectors_ = DType::kF32;  // type of norms and biases in the file; they are f32 in memory
};

}  // namespace linnet::models
