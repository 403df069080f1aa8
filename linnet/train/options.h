// Everything a training run is asked for.
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
#include "linnet/train/optimizer.h"
#include "linnet/train/schedule.h"

namespace linnet {

enum class TrainTask : std::uint8_t {
  kAuto,  // from the columns of the data and the model's head
  kClassify,
  kCausalLm,
  kMaskedLm,
  kNextSentence,
  kMaskedNextSentence,
  kSeq2Seq,
  kDenoiseT5,
  kDenoiseBart,
  kTokenDelete,
  kTokenReplace,
  kSentenceShuffle,
  kQuestionAnswering,
  kTokens
};
enum class TrainMethod : std::uint8_t {
  kAuto,  // full under 500 M parameters, else LoRA
  kFull,
  kHead,
  kLora,
  kPrompt,
  kPrefix
};
enum class HeadRule : std::uint8_t {
  kKeep,     // a missing head is made; one of another size is an error
  kReplace,  // a new one is made
};
enum class StartFrom : std::uint8_t { kPretrained, kScratch };  // kScratch: every weight random
enum class Compute : std::uint8_t {
  kAuto,  // all weights: f32 where the checkpoint is, else bf16; beside frozen weights: as those are stored
  kF32,
  kBF16,  // products in bf16; trained weights, gradients and optimiser state stay f32
};

TrainTask task_named(std::string_view name);  // "causal-lm"; kInvalidArgument lists what there is
std::string_view task_name(TrainTask task);
TrainMethod method_named(std::string_view name);
std::string_view method_name(TrainMethod method);

// What a program was given: the name of an option and its values.
using RecordedOptions = std::map<std::string, std::vector<std::string>>;

struct TrainOptions {
  std::filesystem::path output = {};  // empty: nothing is written

  TrainTask task = TrainTask::kAuto;
  nn::ProblemType problem = nn::ProblemType::kInferred;
  HeadRule head_rule = HeadRule::kKeep;
  std::optional<nn::ClassifierKind> head_kind = {};  // of a new head; unset: the family's own
  std::optional<nn::Pooling> pooling = {};           // what a new classifier reads of a text; unset: the family's own
  StartFrom start = StartFrom::kPretrained;
  double mask_probability = 0.15;  // masked LM
  bool whole_word = false;         // masked LM masks whole words
  bool append_eos = true;          // causal LM texts end with the end token
  bool packing = false;            // causal LM: texts are joined and cut into rows of max_length

  TrainMethod method = TrainMethod::kAuto;
  std::int64_t lora_rank = 8;
  double lora_alpha = 16, lora_dropout = 0;
  bool rank_stabilised = false;                  // rsLoRA: alpha / sqrt(rank)
  std::vector<std::string> target_modules = {};  // Hugging Face's module names; empty: the family's
  std::int64_t virtual_tokens = 20;              // prompt and prefix tuning
  std::string prompt_init = "random";            // "random", "vocab", or "text=…"
  bool prefix_projection = false;                // a two-layer perceptron makes the prefix; only its output is saved
  std::int64_t prefix_hidden = 0;                // its width; 0: the model's
  PrefixReach prefix_reach = PrefixReach::kAllAttention;  // kOneStack: what PEFT can load
  std::vector<std::string> freeze = {};                   // parameters whose name holds one of these stay

  std::int64_t epochs = 3, max_steps = 0;  // max_steps > 0 goes before epochs
  std::int64_t batch_size = 32, grad_accumulation = 1;
  std::int64_t batch_tokens = 0;  // tokens a batch at most; 0: no bound
  double learning_rate = 0;       // 0: default_learning_rate
  OptimizerOptions optimizer = {};
  double warmup_ratio = 0.1;
  ScheduleKind schedule = ScheduleKind::kLinear;
  double clip = 1.0;  // 0: off
  std::int64_t max_length = 512;
  double label_smoothing = 0;
  std::vector<float> class_weights = {};  // one a label; empty: none
  bool balanced_class_weights = false;    // rows / (labels * rows of the label)
  bool recompute = false;                 // blocks run again in backward instead of keeping their activations
  bool shuffle = true;                    // off: the file's order, consecutive batches
  Compute compute = Compute::kAuto;
  std::uint64_t seed = 42;

  double valid_fraction = 0.1;      // taken from the training rows when there is no validation set
  std::int64_t eval_every = 0;      // steps; 0: each epoch
  std::int64_t save_every = 0;      // steps; 0: each epoch
  std::int64_t keep = 2;            // newest checkpoints kept, beside the best; 0: all
  std::int64_t early_stopping = 0;  // evaluations without a better one before stopping; 0: never
  bool resume = false;
  RecordedOptions recorded = {};     // kept in every checkpoint, for a program that resumes without being told again
  std::string measure_command = {};  // judges the model by other rows; for the model card, where the labels are classes
};

// Models with fewer parameters are trained in full unless something else is asked for.
constexpr std::int64_t kSmallModel = 500'000'000;
// Full 5e-5, head 1e-3, LoRA 2e-4, prompt 3e-2, prefix 1e-2.
double default_learning_rate(TrainMethod method);

}  // namespace linnet
