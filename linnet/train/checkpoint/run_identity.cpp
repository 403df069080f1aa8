#include "linnet/train/checkpoint/run_identity.h"

#include <algorithm>
#include <set>

#include "linnet/base/error.h"
#include "linnet/base/option.h"
#include "linnet/base/sha256.h"
#include "linnet/models/saver.h"
#include "linnet/train/tasks/task.h"

namespace linnet {
namespace {

constexpr std::size_t kHexDigits = 16, kRowBlocks = 32, kMostShown = 5;

const char* precision_name(Precision precision) {
  return precision == Precision::kF32 ? "f32" : precision == Precision::kBF16 ? "bf16" : "auto";
}

Json options_of(const TrainOptions& o, const Learner& learner) {
  Json class_weights(o.class_weights);
  if (o.balanced_class_weights) class_weights = "balanced";
  return {{"task", std::string(task_name(o.task))},
          {"method", std::string(method_name(o.method))},
          {"new_head", o.head_rule == HeadRule::kReplace},
          {"from_scratch", o.start == StartFrom::kScratch},
          {"dtype", precision_name(learner.model().pass().precision)},
          {"freeze", o.freeze},
          {"max_length", o.max_length},
          {"packing", o.packing},
          {"no_eos", !o.append_eos},
          {"valid_fraction", o.valid_fraction},
          {"batch_size", o.batch_size},
          {"batch_tokens", o.batch_tokens},
          {"grad_accumulation", o.grad_accumulation},
          {"learning_rate", o.learning_rate},
          {"optimizer", std::string(optimizer_name(o.optimizer.kind))},
          {"momentum", o.optimizer.momentum},
          {"weight_decay", o.optimizer.weight_decay},
          {"decay_all", o.optimizer.decay == DecayRule::kAll},
          {"warmup_ratio", o.warmup_ratio},
          {"schedule", std::string(schedule_name(o.schedule))},
          {"clip", o.clip},
          {"label_smoothing", o.label_smoothing},
          {"class_weights", std::move(class_weights)},
          {"mask_probability", o.mask_probability},
          {"whole_word", o.whole_word},
          {"no_shuffle", !o.shuffle},
          {"eval_every", o.eval_every},
          {"early_stopping", o.early_stopping},
          {"lora_r", o.lora_rank},
          {"lora_alpha", o.lora_alpha},
          {"lora_dropout", o.lora_dropout},
          {"rslora", o.rank_stabilised},
          {"target_modules", o.target_modules},
          {"virtual_tokens", o.virtual_tokens},
          {"prompt_init", o.prompt_init},
          {"prefix_projection", o.prefix_projection},
          {"prefix_hidden", o.prefix_hidden},
          {"peft_compat", o.prefix_reach == PrefixReach::kOneStack},
          {"seed", o.seed}};
}

// A sample of a tensor's bytes: another training of the same model changes nearly all of them.
void add_sample(Sha256& hash, const Tensor& values) {
  const Tensor tensor = values.to(kCpu);
  constexpr std::size_t kPieces = 16, kPiece = 256;
  const std::size_t bytes = tensor.bytes();
  if (bytes <= kPieces * kPiece) return hash.update(tensor.raw(), bytes);
  for (std::size_t i = 0; i < kPieces; ++i) hash.update(tensor.raw() + (bytes - kPiece) / (kPieces - 1) * i, kPiece);
}

// Type, shape and a sample of the values, to identify each tensor without reading all.
Json weights_of(const Learner& learner) {
  Json all = Json::object();
  std::vector<nn::Parameter> parameters = learner.model().parameters();
  parameters.insert(parameters.end(), learner.trained().begin(), learner.trained().end());
  for (const nn::Parameter& p : parameters) {
    Sha256 hash;
    if (p.tensor->contiguous()) add_sample(hash, *p.tensor);
    all[p.name] = fmt::format("{} {} {}", info(p.tensor->dtype()).name, to_string(p.tensor->shape()),
                              hash.finish().substr(0, kHexDigits));
  }
  return all;
}

void add_numbers(Sha256& hash, const std::vector<std::int32_t>& numbers) {
  const std::size_t count = numbers.size();
  hash.update(&count, sizeof count);
  hash.update(numbers.data(), count * sizeof(std::int32_t));
}

// Hashes of up to kRowBlocks runs of rows, so that a difference has a position.
Json rows_of(const EncodedSet& set) {
  const std::size_t block = std::max<std::size_t>(1, (set.examples.size() + kRowBlocks - 1) / kRowBlocks);
  Json all{{"rows", set.examples.size()}};
  for (std::size_t begin = 0; begin < set.examples.size(); begin += block) {
    const std::size_t end = std::min(set.examples.size(), begin + block);
    Sha256 hash;
    for (std::size_t i = begin; i < end; ++i) {
      const EncodedExample& e = set.examples[i];
      for (const auto* numbers : {&e.ids, &e.type_ids, &e.targets, &e.words, &e.output}) add_numbers(hash, *numbers);
      add_numbers(hash, {e.label, e.start, e.end});
      hash.update(e.values.data(), e.values.size() * sizeof(float));
    }
    all[fmt::format("rows {} to {}", begin + 1, end)] = hash.finish().substr(0, kHexDigits);
  }
  return all;
}

using Section = std::pair<const char*, const char*>;  // its key, and the prefix of a difference's name
constexpr Section kSections[] = {{"options", ""},
                                 {"config", "config.json "},
                                 {"weights", "the model's weight "},
                                 {"train", "the training data's "},
                                 {"valid", "the validation data's "}};

class Differences {
 public:
  std::string text() const {
    return count_ <= kMostShown ? text_ : fmt::format("{}; and {} more", text_, count_ - kMostShown);
  }
  void compare(const std::string& name, const Json& before, const Json& now) {
    if (before == now) return;
    if (!before.is_object() || !now.is_object()) return add(name, before, now);
    std::set<std::string> keys;
    for (const auto& [key, value] : before.items()) keys.insert(key);
    for (const auto& [key, value] : now.items()) keys.insert(key);
    for (const std::string& key : keys) {
      const bool deeper = !name.empty() && name.back() != ' ';
      compare(name + (deeper ? "." : "") + key, member(before, key), member(now, key));
    }
  }

 private:
  static Json member(const Json& object, const std::string& key) {
    const auto found = object.find(key);
    return found == object.end() ? Json(Json::value_t::discarded) : *found;
  }
  void add(const std::string& name, const Json& before, const Json& now) {
    if (count_++ >= kMostShown) return;
    const auto show = [](const Json& value) {
      return value.is_discarded() ? Printable("absent") : printable(dump_json(value), 60);
    };
    if (count_ > 1) text_ += "; ";
    text_ += format_printable("{} was {}, is {}", name, show(before), show(now)).text();
  }
  std::string text_;
  std::size_t count_ = 0;
};

// Options by their names in messages. Checkpoints of earlier versions have names with dashes.
Json spelled_options(const Json& options) {
  Json all = Json::object();
  for (const auto& [key, value] : options.items()) {
    std::string field = key.substr(key.starts_with("--") ? 2 : 0);
    std::replace(field.begin(), field.end(), '-', '_');
    all[spelled(option(field.c_str()))] = value;
  }
  return all;
}

}  // namespace

Json run_identity(const IdentityParts& parts) {
  const models::Model& model = parts.learner.model();
  Json config = models::updated_config(model);
  config.erase("linnet");  // records whether the head is trained
  return {{"options", options_of(parts.options, parts.learner)},
          {"config", std::move(config)},
          {"weights", weights_of(parts.learner)},
          {"train", rows_of(parts.train)},
          {"valid", parts.valid != nullptr ? rows_of(*parts.valid) : Json{{"rows", 0}}}};
}

namespace {

Json section_of(const Json& identity, const char* key) {
  const Json& value = entry_or_null(identity, key);
  return value.is_object() ? value : Json::object();
}

}  // namespace

std::string identity_differences(const Json& saved, const Json& now) {
  for (const auto& [key, name] : kSections) {
    Differences found;
    const Json before = section_of(saved, key), after = section_of(now, key);
    if (key == std::string_view("options"))
      found.compare(name, spelled_options(before), spelled_options(after));
    else
      found.compare(name, before, after);
    if (std::string text = found.text(); !text.empty()) return text;
  }
  return "";
}

}  // namespace linnet
