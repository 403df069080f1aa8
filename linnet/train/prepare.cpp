#include "linnet/train/prepare.h"

#include <algorithm>
#include <numeric>

#include "linnet/base/error.h"
#include "linnet/data/columns.h"
#include "linnet/data/labels.h"
#include "linnet/train/option_rules.h"
#include "linnet/train/tasks/task.h"

namespace linnet {
namespace {

using nn::HeadKind;

bool is_number(const std::string& name) {
  return !name.empty() && name.find_first_not_of("0123456789") == std::string::npos;
}
// "LABEL_0", "LABEL_1", …: Transformers' default names.
bool unnamed(const std::vector<std::string>& labels) {
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (labels[i] != fmt::format("LABEL_{}", i)) return false;
  return true;
}

void renumber(Dataset& data, const std::vector<std::int32_t>& places, const std::vector<std::string>& names) {
  data.examples.renumber(places);
  data.label_names = names;
}

std::string listed(const std::vector<std::string>& names) {
  const std::size_t shown = std::min<std::size_t>(names.size(), 10);
  return printable(fmt::format("{}{}",
                               fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                               shown < names.size() ? ", …" : ""));
}

// The labels of the head to train.
std::vector<std::string> settle_labels(const nn::TransformerConfig& config, HeadKind head, DatasetSplits& splits,
                                       const TrainOptions& options) {
  std::vector<std::string> names = splits.train.label_names;
  if (options.problem == nn::ProblemType::kRegression) names = {"LABEL_0"};
  const std::vector<std::string>& known = config.labels;
  const bool keeps = config.head == head && options.head_rule == HeadRule::kKeep;
  if (!keeps) return names;
  if (options.problem == nn::ProblemType::kRegression) {
    check(known.size() == 1, ErrorKind::kBadInput,
          "{}: the labels are numbers and the model's head has {} classes; {} replaces it", splits.train.file,
          known.size(), option("head_rule"));
    return known;
  }
  if (unnamed(known) && known.size() == names.size() && !std::all_of(names.begin(), names.end(), is_number))
    return names;
  std::vector<std::int32_t> places = match_labels(names, known);
  if (unnamed(names) && known.size() == names.size()) std::iota(places.begin(), places.end(), 0);  // flags by position
  check(std::find(places.begin(), places.end(), -1) == places.end(), ErrorKind::kBadInput,
        "{}: the data has the labels {}, the model's head {}; {} replaces the head", splits.train.file, listed(names),
        listed(known), option("head_rule"));
  for (std::size_t i = 0; i < names.size(); ++i)
    if (known[static_cast<std::size_t>(places[i])] != names[i])
      splits.train.label_meaning += i == 0 ? ", by their ids" : "";
  renumber(splits.train, places, known);
  if (splits.valid) renumber(*splits.valid, places, known);
  if (splits.test) renumber(*splits.test, places, known);
  return known;
}

}  // namespace

models::LoadOptions prepare(const nn::TransformerConfig& config, DatasetSplits& splits, TrainOptions& options) {
  check_options(options);
  if (options.task == nullptr && splits.train.shape == DataShape::kText) {
    const std::string label = label_like_column(splits.train);
    check(label.empty(), ErrorKind::kBadInput,
          "{}: the column '{}' looks like labels and is not used; {} '{}' learns it, {} masked-lm or causal-lm learns "
          "the texts alone",
          splits.train.file, printable(label, 60), option("label_column"), printable(label, 60), option("task"));
  }
  options.task = &task_of(splits.train, config, options.task);
  check(config.layer_dropout == 0, ErrorKind::kBadInput,
        "the model's encoder_layerdrop or decoder_layerdrop is {}: leaving out layers in training is not supported; "
        "set it "
        "to 0 in config.json",
        config.layer_dropout);
  models::LoadOptions load;
  load.head = options.task->head(config.head);
  check_option(*load.head != HeadKind::kSeq2SeqLm || config.stack == nn::Stack::kEncoderDecoder, "task",
               "{} needs a model that reads with one stack and writes with another; this one has a single stack: use "
               "causal-lm or masked-lm",
               options.task->name());
  load.seed = options.seed;
  load.from_scratch = options.start == StartFrom::kScratch;
  if (options.compute == Compute::kF32) load.dtype = models::WeightType::kF32;
  load.new_head = options.head_rule == HeadRule::kReplace;
  const auto of_the_task = [&](const char* field, bool is_set) {
    check_owner(rule_of(kTrainRules, field), is_set, options.task->name());
  };
  of_the_task("problem", options.problem != nn::ProblemType::kInferred);
  of_the_task("class_weights", options.balanced_class_weights || !options.class_weights.empty());
  of_the_task("label_smoothing", options.label_smoothing != 0);
  of_the_task("packing", options.packing);
  check_option(options.early_stopping == 0 || options.valid_fraction > 0 || splits.valid, "early_stopping",
               "there are no validation rows to tell when; give a validation file or {}", option("valid_fraction"));
  options.task->settle(splits.train, options, load);
  if (!options.task->has_labels()) return load;
  load.labels = settle_labels(config, *load.head, splits, options);
  check(!load.labels.empty(), ErrorKind::kBadInput, "{}: there are no labels", splits.train.file);
  const bool new_head = config.head != *load.head || options.head_rule == HeadRule::kReplace;
  const auto of_new_head = [&](bool given, const char* field) {
    check_option(new_head || !given, field, "the model has a head, which is kept; {} makes another",
                 option("head_rule"));
  };
  of_new_head(options.head_kind.has_value(), "head_kind");
  of_new_head(options.pooling.has_value(), "pooling");
  if (new_head) {
    load.classifier = options.head_kind;
    load.pooling = options.pooling;
  }
  return load;
}

void check_options(const TrainOptions& o) {
  const auto in_range = [](const char* field, auto value) {
    check_range(rule_of(kTrainRules, field), static_cast<double>(value));
  };
  in_range("epochs", o.epochs);
  in_range("max_steps", o.max_steps);
  in_range("batch_size", o.batch_size);
  in_range("batch_tokens", o.batch_tokens);
  in_range("grad_accumulation", o.grad_accumulation);
  in_range("learning_rate", o.learning_rate);
  in_range("momentum", o.optimizer.momentum);
  in_range("weight_decay", o.optimizer.weight_decay);
  in_range("warmup_ratio", o.warmup_ratio);
  in_range("clip", o.clip);
  in_range("max_length", o.max_length);
  in_range("label_smoothing", o.label_smoothing);
  in_range("mask_probability", o.mask_probability);
  in_range("valid_fraction", o.valid_fraction);
  in_range("lora_rank", o.lora_rank);
  in_range("lora_alpha", o.lora_alpha);
  in_range("lora_dropout", o.lora_dropout);
  in_range("virtual_tokens", o.virtual_tokens);
  in_range("prefix_hidden", o.prefix_hidden);
  in_range("eval_every", o.eval_every);
  in_range("save_every", o.save_every);
  in_range("keep", o.keep);
  in_range("early_stopping", o.early_stopping);
}

}  // namespace linnet
