// Optimisers. Formulas are PyTorch's (SGD, Adam, AdamW) and Transformers' (Adafactor), so the same gradients give the
// same weights.
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
OptimizerKind optimizer_named(std::string_view name);  // "adamw", …; kInvalidArgument for other names
std::string_view optimizer_name(OptimizerKind kind);

enum class DecayRule : std::uint8_t {
  kMatrices,  // no weight decay of biases and norms
  kAll,
};

// kTouched: tables (nn::is_table) have state per row. A row without a gradient so far has no state and no decay; after
// its first gradient it is updated like a dense one. Rows that no batch uses keep their bits.
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

struct SavedTensors;  // state.h

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  void zero_grad();
  // One update by the current gradients times `gradient_scale` (clipping). Parameters without a gradient do not change.
  void step(float learning_rate, float gradient_scale = 1);

  std::int64_t steps() const { return steps_; }
  const std::vector<nn::Parameter>& parameters() const { return parameters_; }
  // State for `load`, which continues with the same bits: tensors by name ("exp_avg.layers.0…"), zeros for parameters
  // without a gradient so far.
  virtual std::map<std::string, Tensor> state() const = 0;
  // Requires the names, types and shapes of `state` for these parameters, and possible values; kBadInput naming `place`
  // otherwise.
  void load(const std::map<std::string, Tensor>& state, std::int64_t steps,
            std::string_view place = "the optimizer's state");
  // Bytes of state of a full run, for the plan.
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
// The factor of torch.nn.utils.clip_grad_norm_: min(1, most / (norm + 1e-6)); 1 if most <= 0.
float clip_scale(double norm, double most);

}  // namespace linnet
