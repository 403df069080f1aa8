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

// What the weights are kept in. kAuto: as the file has them, quantised blocks included. kF32: everything exact,
// products and KV cache too (the parity mode); blocks stay as they are and are multiplied as the f32 values they stand
// for. kQ8 and kQ4 make Q8_0 and Q4_1 of the matrices.
enum class WeightType : std::uint8_t { kAuto, kF32, kBF16, kF16, kQ8, kQ4 };

struct LoadOptions {
  WeightType dtype = WeightType::kAuto;
  std::optional<HeadKind> head = {};              // another head than the file's architecture has
  std::vector<std::string> labels = {};           // of a new classification head
  ProblemType problem = ProblemType::kInferred;   // what a new classification head solves
  std::optional<ClassifierKind> classifier = {};  // its layers; unset: the family's own
  std::optional<Pooling> pooling = {};            // what it reads of a text; unset: the family's own
  bool new_head = false;                          // replaces a head of another size (R69) instead of refusing
  std::uint64_t seed = 0;                         // of a new head's weights
  bool from_scratch = false;                      // the configuration only: every weight drawn anew (R33)
};

// A classifier that a model gets to be trained.
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
  // A folder with config.json and weights, or a .gguf file. kBadInput naming the file and fact.
  static std::unique_ptr<Model> from_pretrained(const std::filesystem::path& path, const LoadOptions& options = {});
  // Fresh weights: normal(0, initializer_range), norms 1, biases 0, as Transformers' _init_weights.
  static std::unique_ptr<Model> from_config(const Family& family, const TransformerConfig& config, std::uint64_t seed);

  // --- running -----------------------------------------------------------------------------------------------------
  // Results that are not finite are kBadInput naming the first tensor of the files that is not, or kRuntime where all
  // are; not while `pass().training` or `pass().keeps_not_finite`.
  Tensor forward(const nn::Packed& batch,
                 const nn::ForwardState& state = {}) const;  // last hidden state [rows, hidden]
  nn::Encoded encode(const nn::Packed& batch, const nn::ForwardState& state = {}) const;
  // Scores over the vocabulary for hidden rows [n, hidden] -> [n, vocab] (language model heads).
  Tensor logits(const Tensor& hidden) const;
  Tensor logits(const Tensor& hidden, std::span<const std::int32_t> rows) const;
  // What a classifier sees of each sequence [sequences, hidden], and its scores. Token classes and question answering
  // take the hidden rows themselves.
  Tensor pooled(const Tensor& hidden, const nn::Packed& batch) const;
  // Forward pass and pooling in one: right also where a soft prompt stands before the row that is pooled. The rows that
  // pooling reads, [sequences, hidden], are a step before.
  Tensor pooled(const nn::Packed& batch, const nn::ForwardState& state = {}) const;
  Tensor pooling_rows(const nn::Packed& batch, const nn::ForwardState& state = {}) const;
  Tensor classify(const Tensor& features) const;
  Tensor next_sentence(const Tensor& pooled) const;

  // What comes before the output matrix, and that matrix with its LoRA update: for losses fused with it.
  Tensor before_output(const Tensor& hidden) const;
  Tensor output_weight() const;
  const Tensor& output_bias() const;

  // What every forward pass starts with unless its state brings its own: how a soft prompt or a prefix is put on a
  // model for inference. {} takes it off.
  void set_virtual_tokens(nn::VirtualTokens tokens) { virtual_tokens_ = std::move(tokens); }
  const nn::VirtualTokens& virtual_tokens() const { return virtual_tokens_; }
  // Tokens of a text that the positions hold beside the virtual ones; 0: any number.
  std::int64_t context() const;

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

  // What the configuration of a folder or .gguf file says, without its weights.
  static TransformerConfig read_config(const std::filesystem::path& path, std::optional<HeadKind> head = {});
  static const Family& read_family(const std::filesystem::path& path);

  void new_head(NewHead head, std::uint64_t seed);
  // Whether the pooler was drawn because the checkpoint has none: whoever trains a head on it trains it too.
  bool pooler_drawn() const { return pooler_drawn_; }
  void set_head_trained(bool trained);
  // A tied output matrix becomes a parameter of its own ("head.output.weight") with the same values.
  void untie() { transformer_.untie(); }
  // The update of the vocabulary table (nn::Embeddings::lora).
  std::optional<nn::LoraDelta>& token_lora() { return transformer_.embeddings().lora(); }
  // Makes every weight f32 on the heap, so that training may write to it.
  void make_trainable();

  // config.json (patched from what was read) and model.safetensors, weights as they are or as `dtype` says (f32, bf16,
  // f16). Tokenizer files are copied from `place` byte for byte; of a GGUF they are written anew.
  void save_pretrained(const std::filesystem::path& folder, WeightType dtype = WeightType::kAuto);

 private:
  Model(const Family& family, const TransformerConfig& config) : family_(&family), transformer_(config) {}
  friend class ModelLoader;
  nn::ForwardState with_virtual_tokens(const nn::ForwardState& state) const;
  template <class Run>
  Tensor run_decoder(const nn::Packed& batch, const nn::ForwardState& state, const Run& run) const;
  Tensor finite(Tensor result) const;
  [[noreturn]] void refuse_not_finite() const;
  Tensor as_stored(const nn::Parameter& parameter, const Layout& layout, WeightType dtype) const;

  const Family* family_;
  nn::Transformer transformer_;
  nn::Pass pass_;
  nn::VirtualTokens virtual_tokens_;
  std::filesystem::path place_;
  Json config_json_;
  bool pooler_drawn_ = false;
  DType stored_vectors_ = DType::kF32;  // what the file kept norms and biases in; they run in f32
};

}  // namespace linnet::models
