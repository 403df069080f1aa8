// Options of a training run.
//
//   TrainOptions options{.output = "out", .method = TrainMethod::kLora};
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/adapt/peft_config.h"
#include "linnet/nn/config.h"
#include "linnet/train/optimizer/optimizer.h"
#include "linnet/train/optimizer/schedule.h"

namespace linnet {

class TrainTask;  // tasks/task.h

enum class TrainMethod : std::uint8_t {
  kAuto,  // full under 500 M parameters, else LoRA
  kFull,
  kHead,
  kLora,
  kPrompt,
  kPrefix
};
enum class HeadRule : std::uint8_t {
  kKeep,     // creates a missing head; another size is an error
  kReplace,  // creates a new one
};
enum class StartFrom : std::uint8_t { kPretrained, kScratch };  // kScratch: every weight random
enum class Compute : std::uint8_t {
  kAuto,  // all weights: f32 for an f32 checkpoint, else bf16; frozen weights: their stored type
  kF32,
  kBF16,  // products in bf16; trained weights, gradients and optimiser state stay f32
};

TrainMethod method_named(std::string_view name);  // "lora"; the kInvalidArgument error lists all
std::string_view method_name(TrainMethod method);

// Options of a program: name and values.
using RecordedOptions = std::map<std::string, std::vector<std::string>>;

struct TrainOptions {
  std::filesystem::path output = {};  // empty: writes nothing

  const TrainTask* task = nullptr;  // task_named("causal-lm"); null: from the columns of the data and the model's head
  nn::ProblemType problem = nn::ProblemType::kInferred;
  HeadRule head_rule = HeadRule::kKeep;
  std::optional<nn::ClassifierKind> head_kind = {};  // of a new head; unset: the family's default
  std::optional<nn::Pooling> pooling = {};           // pooling of a new classifier; unset: the family's default
  StartFrom start = StartFrom::kPretrained;
  double mask_probability = 0.15;  // masked LM
  bool whole_word = false;         // masked LM masks whole words
  bool append_eos = true;          // causal LM texts end with the end token
  bool packing = false;            // causal LM: concatenates texts and splits them into rows of max_length

  TrainMethod method = TrainMethod::kAuto;
  std::int64_t lora_rank = 8;
  double lora_alpha = 16, lora_dropout = 0;
  bool rank_stabilised = false;                  // rsLoRA: alpha / sqrt(rank)
  std::vector<std::string> target_modules = {};  // Hugging Face's module names; empty: the family's
  std::int64_t virtual_tokens = 20;              // prompt and prefix tuning
  std::string prompt_init = "random";            // "random", "vocab", or "text=…"
  bool prefix_projection = false;                // a two-layer MLP computes the prefix; only its output is saved
  std::int64_t prefix_hidden = 0;                // its width; 0: the model's
  PrefixReach prefix_reach = PrefixReach::kAllAttention;  // kOneStack: PEFT can load it
  std::vector<std::string> freeze = {};                   // parameters whose name contains one of these are frozen

  std::int64_t epochs = 3, max_steps = 0;  // max_steps > 0 takes precedence over epochs
  std::int64_t batch_size = 32, grad_accumulation = 1;
  std::int64_t batch_tokens = 0;  // maximum tokens per batch; 0: no limit
  // Tokens of a batch that go through the model together; 0: as many as need 1 GiB of activations. Only dropout depends
  // on it: a batch is the sum of its micro-batches.
  std::int64_t micro_batch_tokens = 0;
  double learning_rate = 0;  // 0: default_learning_rate
  OptimizerOptions optimizer = {};
  double warmup_ratio = 0.1;
  ScheduleKind schedule = ScheduleKind::kLinear;
  double clip = 1.0;  // 0: off
  std::int64_t max_length = 512;
  double label_smoothing = 0;
  std::vector<float> class_weights = {};  // one per label; empty: none
  bool balanced_class_weights = false;    // rows / (labels * rows of the label)
  bool recompute = false;                 // gradient checkpointing
  bool shuffle = true;                    // false: the file's order, consecutive batches
  Compute compute = Compute::kAuto;
  std::uint64_t seed = 42;

  double valid_fraction = 0.1;      // fraction of the training rows, if there is no validation set
  std::int64_t eval_every = 0;      // steps; 0: each epoch
  std::int64_t save_every = 0;      // steps; 0: each epoch
  std::int64_t keep = 2;            // newest checkpoints to keep in addition to the best; 0: all
  std::int64_t early_stopping = 0;  // evaluations without improvement before stopping; 0: never
  bool resume = false;
  RecordedOptions recorded = {};     // saved in every checkpoint, for a program that resumes without options
  std::string measure_command = {};  // evaluates the model on other rows; for the model card of a classifier
};

// Models with fewer parameters are trained in full by default.
constexpr std::int64_t kSmallModel = 500'000'000;
// Full 5e-5, head 1e-3, LoRA 2e-4, prompt 3e-2, prefix 1e-2.
double default_learning_rate(TrainMethod method);

}  // namespace linnet
