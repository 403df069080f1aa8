#include "linnet/train/plan.h"

#include <fmt/format.h>

#include "linnet/base/error.h"
#include "linnet/base/memory.h"

namespace linnet {
namespace {

std::string bytes(std::uint64_t count) {
  const auto value = static_cast<double>(count);
  return value >= 1e9 ? fmt::format("{:.1f} GB", value / 1e9) : fmt::format("{:.0f} MB", value / 1e6);
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
      {"memory", fmt::format("{}: weights {}, gradients {}, optimiser {}, activations {}; {} free",
                             bytes(memory.total()), bytes(memory.weights), bytes(memory.gradients),
                             bytes(memory.optimizer), bytes(memory.activations), bytes(memory.available))}};
  if (!labels.empty() && labels.size() <= 20)
    all.insert(all.begin() + 1, {"labels", fmt::format("{}", fmt::join(labels, ", "))});
  return all;
}

std::uint64_t activation_bytes(const nn::TransformerConfig& c, std::int64_t rows, bool recompute, bool reads_words) {
  // Rows of f32 that gradient functions read, a layer: norms, queries, keys, values, attention, residuals (and its
  // dropped copies), the inside of the feed-forward part.
  const std::int64_t width = c.heads * c.head_dim + 2 * c.kv_heads * c.head_dim;
  const std::int64_t inside = (c.ffn_kind == nn::FeedForwardKind::kGated ? 3 : 2) * c.ffn;
  const std::int64_t layer = 6 * c.hidden + 2 * width + inside;
  const std::int64_t layers = c.layers + c.decoder_layers;
  const std::int64_t kept = recompute ? layers * c.hidden + layer : layers * layer;
  // Logits are made and spent in chunks of rows.
  const std::int64_t words = reads_words ? std::min<std::int64_t>(rows, 256) * c.vocab * 2 : 0;
  return static_cast<std::uint64_t>(rows * kept + words) * sizeof(float);
}

MemoryPlan plan_memory(const Learner& learner, const Optimizer& optimizer, std::int64_t most_rows, bool recompute,
                       bool reads_words) {
  MemoryPlan plan;
  for (const nn::Parameter& p : learner.model().parameters()) plan.weights += p.tensor->bytes();
  plan.gradients = static_cast<std::uint64_t>(learner.trained_count()) * sizeof(float);
  plan.optimizer = optimizer.planned_bytes();
  plan.activations = activation_bytes(learner.model().config(), most_rows, recompute, reads_words);
  plan.available = available_memory();
  return plan;
}

void check_memory(const MemoryPlan& memory, const TrainOptions& options) {
  if (memory.needed() <= memory.available) return;
  std::string advice;
  const auto add = [&](bool useful, const std::string& what) {
    if (useful) advice += (advice.empty() ? "" : ", ") + what;
  };
  add(options.method == TrainMethod::kFull, "--method lora or head");
  add(!options.recompute, "--recompute");
  add(options.batch_size > 1, "a smaller --batch-size with --grad-accumulation");
  add(true, "a shorter --max-length");
  fail(ErrorKind::kRuntime,
       "training needs {} more memory (gradients {}, optimiser {}, activations {}) and {} are free; try {}",
       bytes(memory.needed()), bytes(memory.gradients), bytes(memory.optimizer), bytes(memory.activations),
       bytes(memory.available), advice);
}

}  // namespace linnet
