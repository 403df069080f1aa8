// A model with its trainable parameters: all weights, the head, or an adapter on frozen weights.
//
//   Learner learner(model, tokenizer, options);
//   Tensor hidden = learner.forward(batch);
//   auto optimizer = make_optimizer(learner.trained(), options.optimizer);
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "linnet/adapt/adapter.h"
#include "linnet/models/model.h"
#include "linnet/tokenizer/tokenizer.h"
#include "linnet/train/options.h"
#include "linnet/train/tasks/objective.h"

namespace linnet {

// Activations of the base model that a step keeps for its backward pass.
enum class TrunkUse : std::uint8_t {
  kLearns,   // inputs of its products, for weight gradients, in addition to the next
  kPassed,   // frozen, gradients pass through to adapters: only inputs of norms, activations and attention
  kRunOnce,  // none: only the head is trained
};

class Learner {
 public:
  // `adapter`: an existing one to continue with; null creates one by the method. Sets options.method and
  // options.learning_rate. The model must outlive the learner.
  Learner(models::Model& model, const Tokenizer& tokenizer, std::unique_ptr<Adapter> adapter, TrainOptions& options);

  models::Model& model() const { return model_; }
  Adapter* adapter() const { return adapter_.get(); }
  const std::vector<nn::Parameter>& trained() const { return trained_; }
  std::int64_t trained_count() const;
  std::int64_t virtual_tokens() const;  // rows before every text
  TrunkUse trunk() const;

  // The last hidden state of every row of `batch.packed` (of the decoder in an encoder-decoder); for a sequence
  // classifier only of the pooled row of each sequence.
  Tensor forward(const TrainBatch& batch) const;

  // All trained parameters, so that a later run resumes with the same bits.
  void save_trained(const std::filesystem::path& folder) const;
  void load_trained(const std::filesystem::path& folder);
  // Saves the whole model or the adapter for other programs.
  void save(const std::filesystem::path& folder) const;

 private:
  void choose_method(TrainOptions& options) const;
  void train_all(const TrainOptions& options);
  void train_head(const TrainTask* task);
  void train_adapter(const Tokenizer& tokenizer, const TrainOptions& options);
  void set_precision(const TrainOptions& options);
  // True if checkpoints are model folders: not for a GGUF, whose values have another order.
  bool checkpoints_are_models() const;

  models::Model& model_;
  std::unique_ptr<Adapter> adapter_;
  TrainMethod method_ = TrainMethod::kFull;
  std::vector<nn::Parameter> trained_;
};

}  // namespace linnet
