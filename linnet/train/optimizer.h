// Optimisers: what turns gradients into better parameters. Formulas are PyTorch's (SGD, Adam, AdamW) and Transformers'
// (Adafactor), so the same gradients give the same weights.
//
//   auto optimizer = make_optimizer(model.parameters(), {.kind = OptimizerKind::kAdamW, .weight_decay = 0.01f});
//   optimizer->zero_grad();
//   backward(loss);
//   optimizer->step(5e-5f);
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/nn/module.h"

namespace linnet {

enum class OptimizerKind : std::uint8_t { kAdamW, kAdam, kSgd, kAdafactor };
OptimizerKind optimizer_named(std::string_view name);  // "adamw", …; kInvalidArgument for another
std::string_view optimizer_name(OptimizerKind kind);

enum class DecayRule : std::uint8_t {
  kMatrices,  // weight decay spares biases and norms
  kAll,
};

// kTouched: a table (nn::is_table) is kept by rows. A row has no state, costs nothing and is not
// decayed until a batch has touched it; from then on it is updated exactly as a dense one. A row that no batch ever
// touched keeps its bits.
enum class EmbeddingRows : std::uint8_t { kTouched, kAll };

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::kAdamW;
  float weight_decay = 0.01f;  // AdamW, Adafactor: decoupled; Adam, SGD: added to the gradient
  float beta1 = 0.9f, beta2 = 0.999f, eps = 1e-8f;
  float momentum = 0.9f;  // SGD
  DecayRule decay = DecayRule::kMatrices;
  EmbeddingRows embedding_rows = EmbeddingRows::kTouched;
  // Adafactor (Shazeer and Stern 2018), Transformers' names; its learning rate is the schedule's unless relative_step.
  float adafactor_eps1 = 1e-30f, adafactor_eps2 = 1e-3f, clip_threshold = 1.0f, decay_rate = -0.8f;
  bool scale_parameter = false, relative_step = false;
};

struct SavedTensors;  // optimizer_state.h

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  void zero_grad();
  // One update from the gradients as they stand, each multiplied by `gradient_scale` (clipping). Parameters without a
  // gradient stay.
  void step(float learning_rate, float gradient_scale = 1);

  std::int64_t steps() const { return steps_; }
  const std::vector<nn::Parameter>& parameters() const { return parameters_; }
  // Everything a later `load` needs to go on bit for bit: tensors by name ("exp_avg.layers.0…"), zeros for parameters
  // that have had no gradient yet.
  virtual std::map<std::string, Tensor> state() const = 0;
  // Wants exactly the names, types and shapes that `state` gives for these parameters, and numbers that updates can
  // have left; kBadInput naming `place` otherwise.
  void load(const std::map<std::string, Tensor>& state, std::int64_t steps,
            std::string_view place = "the optimizer's state");
  // Bytes of state a full run needs, for the plan.
  virtual std::size_t planned_bytes() const = 0;

 protected:
  explicit Optimizer(std::vector<nn::Parameter> parameters) : parameters_(std::move(parameters)) {}
  virtual void update(std::size_t index, const Tensor& gradient, float learning_rate, float gradient_scale) = 0;
  virtual void restore(const SavedTensors& saved) = 0;

  std::vector<nn::Parameter> parameters_;
  std::int64_t steps_ = 0;
};

// Parameters must be defined f32 tensors that require a gradient; two names of one tensor count once.
std::unique_ptr<Optimizer> make_optimizer(std::vector<nn::Parameter> parameters, const OptimizerOptions& options = {});

// The L2 norm of all gradients together (missing ones count 0), summed in double in the order of the parameters.
double gradient_norm(const std::vector<nn::Parameter>& parameters);
// What torch.nn.utils.clip_grad_norm_ multiplies by: min(1, most / (norm + 1e-6)); most <= 0: 1.
float clip_scale(double norm, double most);

}  // namespace linnet
