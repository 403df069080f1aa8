#include "linnet/train/loop/plan.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>
#include <set>

#include "linnet/backend/cpu/cpu.h"
#include "linnet/base/error.h"
#include "linnet/base/memory.h"
#include "linnet/train/loop/feature_cache.h"
#include "linnet/train/loop/watch.h"
#include "linnet/train/tasks/task.h"

namespace linnet {
namespace {

std::string bytes(std::uint64_t count) {
  const auto value = static_cast<double>(count);
  return value >= 1e9 ? fmt::format("{:.1f} GB", value / 1e9) : fmt::format("{:.0f} MB", value / 1e6);
}

// Memory other than activations and gradients.
std::string besides(const MemoryPlan& memory) {
  const std::uint64_t computing = memory.gradients + memory.optimizer + memory.activations + memory.spare;
  if (memory.saving > computing) return ", saving " + bytes(memory.saving);
  return memory.spare > 0 ? ", kept for reuse " + bytes(memory.spare) : "";
}

std::string millions(std::int64_t count) {
  const auto value = static_cast<double>(count);
  return value >= 1e6 ? fmt::format("{:.1f} M", value / 1e6) : fmt::format("{}", count);
}

const char* precision_text(Precision precision) {
  switch (precision) {
    case Precision::kF32:
      return "f32";
    case Precision::kBF16:
      return "bf16 products, f32 weights and state";
    case Precision::kByWeight:
      return "as the frozen weights are stored";
  }
  return "";
}

}  // namespace

std::vector<std::pair<std::string, std::string>> TrainPlan::facts() const {
  const auto share = 100.0 * static_cast<double>(trained) / static_cast<double>(std::max<std::int64_t>(1, parameters));
  std::vector<std::pair<std::string, std::string>> all{
      {"task", std::string(task_name(task))},
      {"method", std::string(method_name(method))},
      {"parameters", fmt::format("{} of {} trained ({:.3g} %)", millions(trained), millions(parameters), share)},
      {"computed in", precision_text(precision)},
      {"rows", fmt::format("{} to train on, {} to validate", rows, valid_rows)},
      {"steps", fmt::format("{} ({} an epoch, {:.3g} epochs, {} of warm-up)", steps, steps_an_epoch,
                            static_cast<double>(steps) / static_cast<double>(std::max<std::int64_t>(1, steps_an_epoch)),
                            warmup_steps)},
      {"learning rate", fmt::format("{:g}", learning_rate)},
      {"memory",
       fmt::format("{}: weights {}, gradients {}, optimiser {}, activations {}{}; {} free", bytes(memory.total()),
                   bytes(memory.weights + memory.packed), bytes(memory.gradients), bytes(memory.optimizer),
                   bytes(memory.activations), besides(memory), bytes(memory.available))}};
  if (!unused_columns.empty())
    all.insert(all.begin() + 1, {"not used", fmt::format("the columns {}", fmt::join(unused_columns, ", "))});
  if (!labels.empty())
    all.insert(all.begin() + 1,
               {"labels", fmt::format("{}{}{}", label_meaning, label_meaning.empty() ? "" : ": ",
                                      labels.size() <= 20 ? fmt::format("{}", fmt::join(labels, ", "))
                                                          : fmt::format("{} of them", labels.size()))});
  return all;
}

std::uint64_t activation_bytes(const nn::TransformerConfig& c, const StepSize& step) {
  const std::int64_t queries = c.heads * c.head_dim, width = queries + 2 * c.kv_heads * c.head_dim;
  const std::int64_t inside = (c.ffn_kind == nn::FeedForwardKind::kPlain ? 1 : 2) * c.ffn;
  // Backward pass of one layer: gradients of both parts, and within the feed-forward part.
  const std::int64_t working = 3 * c.hidden + width + inside + c.ffn;
  std::int64_t attention = c.hidden + width + queries, layer = attention + c.hidden + inside;
  if (step.trunk == TrunkUse::kLearns) {
    attention += c.hidden;
    layer += 2 * c.hidden + c.ffn;
  }
  std::int64_t kept = 2 * c.hidden;  // before the first layer and after the last
  if (step.trunk != TrunkUse::kRunOnce) {
    const std::int64_t layers = c.layers + c.decoder_layers;
    kept += step.recompute ? layers * c.hidden + layer
                           : layers * layer + c.decoder_layers * attention + step.adapter_inputs;
  }
  const std::int64_t learned = step.prefix_rows * (c.layers + 2 * c.decoder_layers) * 2 * c.kv_heads * c.head_dim;
  // Logits over the vocabulary are computed in chunks of rows.
  const std::int64_t words = step.reads_words ? std::min<std::int64_t>(step.rows, 256) * c.vocab * 2 : 0;
  return static_cast<std::uint64_t>(step.rows * (kept + working) + learned + words) * sizeof(float);
}

namespace {

// The allocator caches this much freed memory (tensor/storage.cpp); batches of other sizes cannot use it.
constexpr std::uint64_t kMostSpare = std::uint64_t{1} << 30;

// A folder has no quantised weights: with a trained head, the rest of the model is saved in f32.
std::uint64_t saving_bytes(models::Model& model, const Learner& learner) {
  if (learner.trunk() != TrunkUse::kRunOnce) return 0;
  std::uint64_t sum = 0;
  bool blocks = false;
  for (const nn::Parameter& p : model.parameters()) {
    sum += static_cast<std::uint64_t>(p.tensor->numel()) * sizeof(float);
    blocks = blocks || info(p.tensor->dtype()).quantized;
  }
  return blocks ? sum : 0;
}

// Query, key and value have the same input, and so have gate and up.
bool reads_alone(nn::Role role) {
  return !nn::is_layer_linear(role) || role == nn::Role::kAttentionOutput || role == nn::Role::kDown;
}

// LoRA's products keep their inputs, once per distinct input; the output of attention is kept anyway.
std::int64_t adapter_inputs(models::Model& model, double dropout) {
  std::int64_t sum = 0;
  std::set<std::string> read;
  for (const nn::NamedLinear& l : model.linears()) {
    const nn::LoraDelta* lora = nullptr;
    for (const nn::LoraRows& rows : model.pass().lora) lora = rows.updates->find(l.linear);
    if (lora == nullptr) continue;
    const std::string source = reads_alone(l.role) ? l.name : l.name.substr(0, l.name.rfind('.'));
    const bool kept = l.role == nn::Role::kAttentionOutput;
    sum += lora->a.size(0);
    if (dropout > 0 || (!kept && read.insert(source).second)) sum += l.linear->in();
  }
  return sum;
}

// Products with frozen weights read packed copies of them.
std::uint64_t packed_bytes(models::Model& model) {
  std::uint64_t sum = 0;
  for (const nn::NamedLinear& l : model.linears())
    if (const Tensor& weight = l.linear->weight(); !weight.requires_grad())
      sum += packed_weight_bytes(weight.dtype(), weight.size(0), weight.size(1));
  return sum;
}

}  // namespace

MemoryPlan plan_memory(const Learner& learner, const Optimizer& optimizer, StepSize step) {
  MemoryPlan plan;
  models::Model& model = learner.model();
  for (const nn::Parameter& p : model.parameters()) plan.weights += p.tensor->bytes();
  plan.packed = packed_bytes(model);
  plan.gradients = static_cast<std::uint64_t>(learner.trained_count()) * sizeof(float);
  plan.optimizer = optimizer.planned_bytes();
  step.trunk = learner.trunk();
  step.adapter_inputs = adapter_inputs(model, learner.adapter() != nullptr ? learner.adapter()->config().dropout : 0);
  plan.activations = activation_bytes(model.config(), step);
  if (step.varies) plan.spare = std::min(kMostSpare, 3 * plan.activations);
  plan.saving = saving_bytes(model, learner);
  plan.available = available_memory();
  return plan;
}

SamplerOptions sampler_options(const TrainOptions& o) {
  return {.batch_rows = o.batch_size,
          .batch_tokens = o.batch_tokens,
          .order = o.shuffle ? SampleOrder::kBuckets : SampleOrder::kFile,
          .seed = o.seed};
}

namespace {

// Tokens of the first epoch's batches.
struct BatchTokens {
  std::int64_t most = 0, sum = 0, batches = 0;
  bool vary() const { return sum * 5 < most * batches * 4; }
};

BatchTokens batch_tokens(const std::vector<std::int64_t>& lengths, const SamplerOptions& options) {
  Sampler sampler(lengths, options);
  BatchTokens all;
  for (std::vector<std::int64_t> rows; sampler.next(rows); ++all.batches) {
    std::int64_t tokens = 0;
    for (const std::int64_t row : rows) tokens += lengths[static_cast<std::size_t>(row)];
    all.most = std::max(all.most, tokens);
    all.sum += tokens;
  }
  return all;
}

// Activations of a micro-batch: products of this many rows are as fast as larger ones, and memory does not grow with
// the batch.
constexpr std::uint64_t kMicroBatchBytes = std::uint64_t{1} << 30;

std::int64_t tokens_of_a_micro_batch(const PlanInput& in, StepSize step) {
  const auto bytes = [&](std::int64_t rows) {
    step.rows = rows;
    return plan_memory(in.learner, in.optimizer, step).activations;
  };
  constexpr std::int64_t kSome = 1024;  // logits are computed for fewer rows at a time
  return static_cast<std::int64_t>(kMicroBatchBytes /
                                   std::max<std::uint64_t>(1, (bytes(2 * kSome) - bytes(kSome)) / kSome));
}

void plan_micro_batches(const PlanInput& in, const std::vector<std::int64_t>& lengths, TrainPlan& plan) {
  const TrainOptions& o = in.options;
  const bool once = FeatureCache::fits(o, in.train), prefix = o.method == TrainMethod::kPrefix;
  const BatchTokens tokens = batch_tokens(lengths, once ? FeatureCache::passes() : sampler_options(o));
  const std::int64_t learned = o.batch_size * in.learner.virtual_tokens();
  StepSize step{.prefix_rows = prefix ? learned : 0,
                .recompute = o.recompute,
                .reads_words = o.task->predicts_words(),
                .varies = !once && tokens.vary()};
  const std::int64_t longest = lengths.empty() ? 0 : *std::ranges::max_element(lengths);
  const std::int64_t most = o.micro_batch_tokens > 0 ? o.micro_batch_tokens : tokens_of_a_micro_batch(in, step);
  plan.micro_batch_tokens = once ? tokens.most : std::max(longest, most);
  step.rows = std::min(tokens.most, plan.micro_batch_tokens) + (prefix ? 0 : learned);
  plan.memory = plan_memory(in.learner, in.optimizer, step);
}

}  // namespace

TrainPlan plan_run(const PlanInput& in) {
  const TrainOptions& o = in.options;
  const std::vector<std::int64_t> lengths = in.train.lengths();
  const std::int64_t batches = Sampler(lengths, sampler_options(o)).batches();
  TrainPlan plan;
  plan.task = o.task;
  plan.method = o.method;
  plan.precision = in.learner.model().pass().precision;
  plan.parameters = in.learner.model().parameter_count();
  if (in.learner.adapter() != nullptr) plan.parameters += in.learner.trained_count();
  plan.trained = in.learner.trained_count();
  plan.rows = in.train.size();
  plan.valid_rows = in.valid != nullptr ? in.valid->size() : 0;
  plan.tokens = std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0});
  plan.epochs = o.epochs;
  plan.steps_an_epoch = (batches + o.grad_accumulation - 1) / o.grad_accumulation;
  plan.steps = o.max_steps > 0 ? o.max_steps : o.epochs * plan.steps_an_epoch;
  plan.warmup_steps = static_cast<std::int64_t>(std::ceil(o.warmup_ratio * static_cast<double>(plan.steps)));
  plan.learning_rate = o.learning_rate;
  if (o.task->has_labels()) plan.labels = in.learner.model().config().labels;
  plan.label_meaning = in.splits.train.label_meaning;
  plan.unused_columns = in.splits.train.unused_columns;
  plan.data = describe(in.splits.train, in.splits.valid ? &*in.splits.valid : nullptr, in.train.set().full_lengths,
                       o.packing ? 0 : o.max_length);
  plan.warnings = option_warnings(o);
  plan_micro_batches(in, lengths, plan);
  return plan;
}

void check_memory(const MemoryPlan& memory, const TrainOptions& options) {
  if (memory.needed() <= memory.available) return;
  std::string advice;
  const auto add = [&](bool useful, const std::string& what) {
    if (useful) advice += (advice.empty() ? "" : ", ") + what;
  };
  add(options.method == TrainMethod::kFull, fmt::format("{} lora or head", option("method")));
  add(!options.recompute, spelled(option("recompute")));
  add(options.batch_size > 1, fmt::format("a smaller {} with {}", option("batch_size"), option("grad_accumulation")));
  add(true, fmt::format("a shorter {}", option("max_length")));
  fail(ErrorKind::kRuntime,
       "training needs {} more memory (gradients {}, optimiser {}, activations {}{}) and {} are free; try {}",
       bytes(memory.needed()), bytes(memory.gradients), bytes(memory.optimizer), bytes(memory.activations),
       besides(memory), bytes(memory.available), advice);
}

}  // namespace linnet
