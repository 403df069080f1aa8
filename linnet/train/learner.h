// A model with what of it learns: all weights, the head, or an adapter beside frozen weights.
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
#include "linnet/train/objective.h"
#include "linnet/train/options.h"

namespace linnet {

// What of the trunk a step keeps until its backward pass.
enum class TrunkUse : std::uint8_t {
  kLearns,   // the inputs of its products, for the gradients of their weights, beside the next
  kPassed,   // frozen, gradients go through to adapters: inputs of norms, activations and attention alone
  kRunOnce,  // nothing: only the head learns
};

class Learner {
 public:
  // `adapter`: one that is on the model already and goes on learning; none makes the method's own. Settles
  // options.method and options.learning_rate. The model must outlive the learner.
  Learner(models::Model& model, const Tokenizer& tokenizer, std::unique_ptr<Adapter> adapter, TrainOptions& options);

  models::Model& model() const { return model_; }
  Adapter* adapter() const { return adapter_.get(); }
  const std::vector<nn::Parameter>& trained() const { return trained_; }
  std::int64_t trained_count() const;
  std::int64_t virtual_tokens() const;  // rows put before every text
  TrunkUse trunk() const;

  // The last hidden state of every row of `batch.packed` (of the decoder, where there is an encoder); for a sequence
  // classifier, of the row that it reads of each sequence alone.
  Tensor forward(const TrainBatch& batch) const;

  // Everything that learns, as a later run needs it to go on bit for bit.
  void save_trained(const std::filesystem::path& folder) const;
  void load_trained(const std::filesystem::path& folder);
  // What other programs load: the whole model, or the adapter.
  void save(const std::filesystem::path& folder) const;

 private:
  void choose_method(TrainOptions& options) const;
  void train_all(const TrainOptions& options);
  void train_head(TrainTask task);
  void train_adapter(const Tokenizer& tokenizer, const TrainOptions& options);
  void set_precision(const TrainOptions& options);
  // Checkpoints are model folders where that changes no order of values: not for what came from a GGUF.
  bool checkpoints_are_models() const;

  models::Model& model_;
  std::unique_ptr<Adapter> adapter_;
  TrainMethod method_ = TrainMethod::kFull;
  std::vector<nn::Parameter> trained_;
};

}  // namespace linnet
