// What computes: a transformer of a family, run over packed batches. loader.h loads one, saver.h saves it.
//
//   auto model = load_model("SmolLM2-135M-Instruct.gguf");
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

// A new classifier for training.
struct NewHead {
  HeadKind kind = HeadKind::kSequenceClass;  // or kTokenClass, kQuestionAnswering
  std::vector<std::string> labels = {};
  ProblemType problem = ProblemType::kInferred;
  ClassifierKind classifier = ClassifierKind::kLinear;
  Pooling pooling = Pooling::kLast;
};

class ModelFiles;

class Model {
 public:
  // Fresh weights: normal(0, initializer_range), norms 1, biases 0, as Transformers' _init_weights.
  static std::unique_ptr<Model> from_config(const Family& family, const TransformerConfig& config, std::uint64_t seed);

  // --- running -----------------------------------------------------------------------------------------------------

  // An encoder-decoder without an encoder's output reads the batch with both stacks, the decoder shifted right
  // (decoder_input), as Transformers' models without decoder_input_ids.
  // Results that are not finite are kBadInput naming the first tensor of the files that is not, or kRuntime if all
  // are; not checked with `pass().training` or `pass().keeps_not_finite`.
  Tensor forward(const nn::Packed& batch,
                 const nn::ForwardState& state = {}) const;  // last hidden state [rows, hidden]
  nn::Encoded encode(const nn::Packed& batch, const nn::ForwardState& state = {}) const;
  // Transformers' shift_tokens_right: the start token (or the last one: DecoderStart) and the text without its end.
  std::vector<std::int32_t> decoder_input(std::span<const std::int32_t> text) const;
  // Keeps what a decoder reads of the encoder's rows, for ForwardState::encoded: one empty sequence per encoded one.
  void store_encoded(const nn::Encoded& encoded, const nn::KvCache& cache,
                     std::span<nn::KvCache::Sequence* const> sequences) const;
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
  // Their number in the stack that predicts: an encoder's prompt has no positions in the decoder.
  std::int64_t virtual_positions() const;
  // Maximum number of tokens of a text, without the virtual ones; 0: unlimited.
  std::int64_t context() const { return context(virtual_positions()); }
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
  // The files that it was loaded from, or null; their place ("" without files).
  const ModelFiles* files() const { return files_.get(); }
  const std::filesystem::path& place() const;
  DType stored_vectors() const { return stored_vectors_; }  // type of norms and biases in the files
  std::vector<nn::Parameter> parameters();                  // in a fixed order, tied ones once
  std::vector<nn::NamedLinear> linears();
  std::string checkpoint_name(std::string_view ours) const;  // Hugging Face's name of a parameter or module
  std::int64_t parameter_count();

  void new_head(NewHead head, std::uint64_t seed);
  // True if the pooler was randomly initialised because the checkpoint has none; then training a head also trains it.
  bool pooler_drawn() const { return pooler_drawn_; }
  void set_head_trained(bool trained);
  // Unties the output matrix: a parameter "head.output.weight" with the same values.
  void untie() { transformer_.untie(); }
  // Gives both stacks of an encoder-decoder one token table again, after it was replaced.
  void share_tokens() { transformer_.tie(); }
  const nn::Embeddings& embeddings() const { return transformer_.embeddings(); }
  const Tensor& token_table() const { return transformer_.token_table(); }
  // Prepares every matrix for products now; else the first pass does.
  void prepack();
  // Converts every weight to f32 on the heap, so that training may write to it.
  void make_trainable();

 private:
  Model(const Family& family, const TransformerConfig& config) : family_(&family), transformer_(config) {}
  friend class ModelLoader;
  nn::ForwardState with_virtual_tokens(const nn::ForwardState& state) const;
  bool reads_one_text(const nn::ForwardState& state) const;
  Tensor forward_both(const nn::Packed& batch, const nn::ForwardState& state) const;
  template <class Run>
  Tensor run_decoder(const nn::Packed& batch, const nn::ForwardState& state, const Run& run) const;
  Tensor finite(Tensor result) const;
  Tensor scores(const Tensor& hidden, const nn::Pass& pass) const;
  [[noreturn]] void refuse_not_finite() const;

  const Family* family_;
  nn::Transformer transformer_;
  nn::Pass pass_;
  nn::VirtualTokens virtual_tokens_;
  std::shared_ptr<const ModelFiles> files_;
  bool pooler_drawn_ = false;
  DType stored_vectors_ = DType::kF32;  // they are f32 in memory
};

}  // namespace linnet::models
