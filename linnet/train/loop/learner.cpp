#include "linnet/train/loop/learner.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "linnet/adapt/kinds.h"
#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/log.h"
#include "linnet/base/nearest.h"
#include "linnet/io/checkpoint.h"
#include "linnet/models/saver.h"
#include "linnet/train/option_rules.h"
#include "linnet/train/tasks/task.h"

namespace linnet {
namespace {

constexpr const char* kTrainedStem = "trained";

AdapterMethod adapter_method(const Tokenizer& tokenizer, const TrainOptions& o) {
  if (o.method == TrainMethod::kLora)
    return Lora{.rank = o.lora_rank,
                .alpha = o.lora_alpha,
                .dropout = o.lora_dropout,
                .scale = o.rank_stabilised ? LoraScale::kAlphaOverRootRank : LoraScale::kAlphaOverRank,
                .targets = o.target_modules};
  if (o.method == TrainMethod::kPrefix)
    return PrefixTuning{.virtual_tokens = o.virtual_tokens,
                        .projection = o.prefix_projection,
                        .projection_hidden = o.prefix_hidden,
                        .reach = o.prefix_reach};
  PromptTuning prompt{.virtual_tokens = o.virtual_tokens};
  if (o.prompt_init == "vocab") {
    prompt.init = PromptInit::kVocabulary;
  } else if (o.prompt_init.starts_with("text=")) {
    prompt.init = PromptInit::kText;
    prompt.text = o.prompt_init.substr(5);
    prompt.text_ids = tokenizer.encode_ids(prompt.text, {.add_special_tokens = false});
  } else {
    check_option(o.prompt_init == "random", "prompt_init", "'{}' is none of random, vocab and text=…",
                 printable(o.prompt_init));
  }
  return prompt;
}

TrainMethod method_of(AdapterKind kind) {
  return kind == AdapterKind::kLora           ? TrainMethod::kLora
         : kind == AdapterKind::kPromptTuning ? TrainMethod::kPrompt
                                              : TrainMethod::kPrefix;
}

bool is_classifier(nn::HeadKind kind) {
  return kind == nn::HeadKind::kSequenceClass || kind == nn::HeadKind::kTokenClass ||
         kind == nn::HeadKind::kQuestionAnswering;
}

void copy_into(const Tensor& from, const nn::Parameter& to, const std::filesystem::path& place) {
  check(from.shape() == to.tensor->shape() && from.dtype() == DType::kF32, ErrorKind::kBadInput,
        "{}: '{}' is {} {}, this run has {}; resume with the same model and method", place.string(), to.name,
        info(from.dtype()).name, to_string(from.shape()), to_string(to.tensor->shape()));
  for (const float value : from.data<float>())
    check(std::isfinite(value), ErrorKind::kBadInput,
          "{}: '{}' has the number {}, which no checkpoint has; go on from an older one", place.string(), to.name,
          value);
  to.tensor->copy_from(from);
}

}  // namespace

Learner::Learner(models::Model& model, const Tokenizer& tokenizer, std::unique_ptr<Adapter> adapter,
                 TrainOptions& options)
    : model_(model), adapter_(std::move(adapter)) {
  choose_method(options);
  method_ = options.method;
  if (options.learning_rate == 0) options.learning_rate = default_learning_rate(method_);
  const nn::TransformerConfig& c = model_.config();
  if (options.head_rule == HeadRule::kReplace && is_classifier(c.head) && !adapter_)
    model_.new_head({.kind = c.head,
                     .labels = c.labels,
                     .problem = c.problem,
                     .classifier = options.head_kind.value_or(c.classifier),
                     .pooling = options.pooling.value_or(c.pooling)},
                    options.seed);
  set_precision(options);
  switch (method_) {
    case TrainMethod::kHead:
      train_head(options.task);
      break;
    case TrainMethod::kFull:
    case TrainMethod::kAuto:
      train_all(options);
      break;
    default:
      train_adapter(tokenizer, options);
  }
  check_option(!trained_.empty(), "freeze", "nothing is left to train");
  model_.pass().recompute = options.recompute;
  model_.pass().seed = options.seed;
}

void Learner::choose_method(TrainOptions& options) const {
  if (adapter_) {
    const TrainMethod has = method_of(adapter_->config().kind);
    check_option(options.method == TrainMethod::kAuto || options.method == has, "method",
                 "{}, and the model carries a {} adapter and goes on from it; merge it into its base first",
                 method_name(options.method), method_name(has));
    check_option(options.head_rule == HeadRule::kKeep, "head_rule",
                 "the model carries an adapter with a head of its own; merge it into its base first");
    options.method = has;
  }
  if (options.start == StartFrom::kScratch && options.method == TrainMethod::kAuto) options.method = TrainMethod::kFull;
  if (options.method == TrainMethod::kAuto)
    options.method = model_.parameter_count() < kSmallModel ? TrainMethod::kFull : TrainMethod::kLora;
  check_owner(rule_of(kTrainRules, "freeze"), !options.freeze.empty(), method_name(options.method));
  check_owner(rule_of(kTrainRules, "rank_stabilised"), options.rank_stabilised, method_name(options.method));
}

void Learner::set_precision(const TrainOptions& options) {
  Precision& precision = model_.pass().precision;
  if (options.compute == Compute::kF32) precision = Precision::kF32;
  if (options.compute == Compute::kBF16) precision = Precision::kBF16;
  if (options.compute != Compute::kAuto) return;
  const bool stored_f32 = model_.parameters().front().tensor->dtype() == DType::kF32;
  precision = method_ != TrainMethod::kFull ? Precision::kByWeight : stored_f32 ? Precision::kF32 : Precision::kBF16;
}

void Learner::train_all(const TrainOptions& options) {
  model_.make_trainable();
  std::vector<std::string> names;
  std::vector<bool> used(options.freeze.size(), false);
  for (nn::Parameter& p : model_.parameters()) {
    const std::string theirs = model_.checkpoint_name(p.name);
    names.push_back(theirs);
    bool frozen = p.part == nn::Part::kBuffer;
    for (std::size_t i = 0; i < options.freeze.size(); ++i)
      if (theirs.find(options.freeze[i]) != theirs.npos || p.name.find(options.freeze[i]) != p.name.npos)
        frozen = used[i] = true;
    p.tensor->set_requires_grad(!frozen);
    if (!frozen) trained_.push_back(std::move(p));
  }
  for (std::size_t i = 0; i < used.size(); ++i)
    check_option(used[i], "freeze", "no parameter is named '{}'; the nearest is {}", printable(options.freeze[i]),
                 nearest_names(options.freeze[i], names, 1).front());
}

void Learner::train_head(const TrainTask* task) {
  check_option(task != nullptr && !task->predicts_words(), "method",
               "head, and {} predicts words, its head is the vocabulary; use full or lora", task_name(task));
  for (nn::Parameter& p : model_.parameters()) {
    if (!nn::is_head_or_pooler(p.role)) continue;
    *p.tensor = trainable_copy(*p.tensor, p.tensor->device());
    trained_.push_back(std::move(p));
  }
}

void Learner::train_adapter(const Tokenizer& tokenizer, const TrainOptions& options) {
  if (!adapter_ && is_file(model_.place()))
    note("{}: PEFT loads no GGUF file as a base; for it, convert it to a folder and train on that",
         model_.place().string());
  if (!adapter_) adapter_ = Adapter::create(model_, adapter_method(tokenizer, options), {.seed = options.seed});
  trained_ = adapter_->parameters();
}

std::int64_t Learner::trained_count() const {
  std::int64_t count = 0;
  for (const nn::Parameter& p : trained_) count += p.tensor->numel();
  return count;
}

std::int64_t Learner::virtual_tokens() const {
  return adapter_ && adapter_->extends() ? adapter_->config().virtual_tokens : 0;
}

TrunkUse Learner::trunk() const {
  return adapter_ ? TrunkUse::kPassed : method_ == TrainMethod::kHead ? TrunkUse::kRunOnce : TrunkUse::kLearns;
}

Tensor Learner::forward(const TrainBatch& batch) const {
  nn::ForwardState state;
  if (adapter_) adapter_->extend(state);
  if (model_.config().head == nn::HeadKind::kSequenceClass && batch.encoder.rows() == 0)
    return model_.pooling_rows(batch.packed, state);
  if (batch.encoder.rows() == 0) return model_.forward(batch.packed, state);
  const nn::Encoded encoded = model_.encode(batch.encoder, state);
  state.encoder = &encoded;
  return model_.forward(batch.packed, state);
}

bool Learner::checkpoints_are_models() const { return method_ == TrainMethod::kFull && is_folder(model_.place()); }

void Learner::save_trained(const std::filesystem::path& folder) const {
  if (checkpoints_are_models()) return models::save_model(model_, folder);
  if (adapter_) adapter_->save(folder);
  CheckpointWriter out(folder, kTrainedStem);
  for (const nn::Parameter& p : trained_) out.add(p.name, *p.tensor);
  out.finish();
}

void Learner::load_trained(const std::filesystem::path& folder) {
  const auto place = checkpoints_are_models() ? folder : folder / fmt::format("{}.safetensors", kTrainedStem);
  const auto reader = CheckpointReader::open(place);
  for (const nn::Parameter& p : trained_) {
    const std::string name = checkpoints_are_models() ? model_.checkpoint_name(p.name) : p.name;
    check(reader->has(name), ErrorKind::kBadInput, "{}: has no '{}'; resume with the same model and method",
          place.string(), name);
    copy_into(reader->read(name), p, place);
  }
}

void Learner::save(const std::filesystem::path& folder) const {
  if (adapter_) return adapter_->save(folder);
  // A folder has no quantised weights: frozen ones are converted exactly to f32.
  const auto parameters = model_.parameters();
  const bool quantised = std::any_of(parameters.begin(), parameters.end(),
                                     [](const auto& p) { return info(p.tensor->dtype()).quantized; });
  if (quantised) model_.make_trainable();
  models::save_model(model_, folder);
}

}  // namespace linnet
