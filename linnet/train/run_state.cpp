#include "linnet/train/run_state.h"

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/sha256.h"
#include "linnet/io/checkpoint.h"
#include "linnet/train/checkpointing.h"

namespace linnet {
namespace {

namespace fs = std::filesystem;
constexpr const char* kStateName = "linnet_state.json";
constexpr const char* kTrainerStateName = "trainer_state.json";
constexpr const char* kOptimizerStem = "optimizer";
constexpr std::int64_t kVersion = 1;

void add_numbers(std::string& bytes, const std::vector<std::int32_t>& numbers) {
  bytes.append(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(std::int32_t));
  bytes.push_back('\n');
}

std::string hash_of(const EncodedSet& set) {
  std::string bytes;
  for (const EncodedExample& e : set.examples) {
    for (const auto* numbers : {&e.ids, &e.type_ids, &e.targets, &e.words, &e.output}) add_numbers(bytes, *numbers);
    add_numbers(bytes, {e.label, e.start, e.end});
    bytes.append(reinterpret_cast<const char*>(e.values.data()), e.values.size() * sizeof(float));
  }
  return sha256_hex(bytes);
}

// A sample of a tensor's bytes: another training of the same model shows in nearly all of them.
void add_sample(Sha256& hash, const Tensor& tensor) {
  constexpr std::size_t kPieces = 16, kPiece = 256;
  const std::size_t bytes = tensor.bytes();
  if (bytes <= kPieces * kPiece) return hash.update(tensor.raw(), bytes);
  for (std::size_t i = 0; i < kPieces; ++i) hash.update(tensor.raw() + (bytes - kPiece) / (kPieces - 1) * i, kPiece);
}

// Of what a run starts from: every name, type and shape, and enough of the values to know them by without reading all.
std::string fingerprint(const Learner& learner) {
  Sha256 hash;
  std::vector<nn::Parameter> all = learner.model().parameters();
  all.insert(all.end(), learner.trained().begin(), learner.trained().end());
  for (const nn::Parameter& p : all) {
    const std::string head =
        fmt::format("{} {} {}\n", p.name, info(p.tensor->dtype()).name, to_string(p.tensor->shape()));
    hash.update(head.data(), head.size());
    if (p.tensor->contiguous()) add_sample(hash, *p.tensor);
  }
  return hash.finish();
}

std::string differences(const Json& saved, const Json& now) {
  std::string text;
  const auto show = [](const Json& value) { return printable(dump_json(value), 60); };
  for (const auto& [key, value] : now.items()) {
    const Json before = saved.is_object() && saved.contains(key) ? saved[key] : Json(nullptr);
    if (before != value)
      text += fmt::format("{}{} was {}, is {}", text.empty() ? "" : "; ", key, show(before), show(value));
  }
  return text;
}

}  // namespace

Json run_identity(const TrainOptions& o, const Learner& learner, const EncodedSet& train, const EncodedSet* valid) {
  const models::Model& model = learner.model();
  Json json = Json::object();
  Json config = model.config_json();
  models::write_config(config, model.family(), model.config());
  config.erase("linnet");  // says whether the head is trained
  json["config"] = sha256_hex(dump_json(config));
  json["weights of the model"] = fingerprint(learner);
  json["train data and vocabulary"] = hash_of(train);
  json["validation data and vocabulary"] = valid != nullptr ? Json(hash_of(*valid)) : Json(nullptr);
  json["task"] = std::string(task_name(o.task));
  json["method"] = std::string(method_name(o.method));
  json["from scratch"] = o.start == StartFrom::kScratch;
  json["precision"] = static_cast<int>(model.pass().precision);
  json["freeze"] = o.freeze;
  json["epochs"] = o.epochs;
  json["max steps"] = o.max_steps;
  json["batch size"] = o.batch_size;
  json["batch tokens"] = o.batch_tokens;
  json["grad accumulation"] = o.grad_accumulation;
  json["learning rate"] = o.learning_rate;
  json["optimizer"] = std::string(optimizer_name(o.optimizer.kind));
  json["weight decay"] = o.optimizer.weight_decay;
  json["decay all"] = o.optimizer.decay == DecayRule::kAll;
  json["warmup ratio"] = o.warmup_ratio;
  json["schedule"] = std::string(schedule_name(o.schedule));
  json["clip"] = o.clip;
  json["label smoothing"] = o.label_smoothing;
  json["class weights"] = o.balanced_class_weights ? Json("balanced") : Json(o.class_weights);
  json["mask probability"] = o.mask_probability;
  json["whole word"] = o.whole_word;
  json["shuffle"] = o.shuffle;
  json["eval every"] = o.eval_every;
  json["early stopping"] = o.early_stopping;
  json["lora dropout"] = o.lora_dropout;
  json["lora alpha"] = o.lora_alpha;
  json["rank stabilised"] = o.rank_stabilised;
  json["peft compat"] = o.prefix_reach == PrefixReach::kOneStack;
  json["seed"] = o.seed;
  return json;
}

void save_checkpoint(const CheckpointParts& parts, const RunState& state) {
  CheckpointFolder folder(parts.output, state.step);
  parts.learner.save_trained(folder.path());
  CheckpointWriter out(folder.path(), kOptimizerStem);
  for (const auto& [name, value] : parts.optimizer.state()) out.add(name, value);
  out.finish();
  write_file(folder.path() / kTrainerStateName, dump_json(state.history.trainer_state(parts.facts), 2) + "\n");
  const Json own{{"version", kVersion},
                 {"step", state.step},
                 {"epoch", state.data.epoch},
                 {"batch", state.data.position},
                 {"optimizer_steps", parts.optimizer.steps()},
                 {"best_step", state.best_step},
                 {"best_metric", state.best_metric},
                 {"evaluations_since_best", state.evaluations_since_best},
                 {"unjudged", state.unjudged},
                 {"identity", parts.identity}};
  write_file(folder.path() / kStateName, dump_json(own, 2) + "\n");
  folder.commit();
}

RunState load_checkpoint(const fs::path& folder, Learner& learner, Optimizer& optimizer, const Json& identity) {
  const std::string place = (folder / kStateName).string();
  const Json own = read_json(folder / kStateName);
  const auto number = [&](const char* key) { return get_integer(require(own, key, place), key, place); };
  check(number("version") == kVersion, ErrorKind::kBadInput, "{}: is of version {}, this program writes {}", place,
        number("version"), kVersion);
  const std::string changed = differences(require(own, "identity", place), identity);
  check(changed.empty(), ErrorKind::kBadInput,
        "{}: cannot go on from it, the run is another one: {}; give the same options and data, or another -o",
        folder.string(), changed);
  learner.load_trained(folder);
  std::map<std::string, Tensor> tensors;
  const auto reader = CheckpointReader::open(folder / fmt::format("{}.safetensors", kOptimizerStem));
  for (const std::string& name : reader->names()) tensors[name] = reader->read(name);
  optimizer.load(tensors, number("optimizer_steps"));
  RunState state;
  state.step = number("step");
  state.data = {number("epoch"), number("batch")};
  state.best_step = number("best_step");
  state.best_metric = require(own, "best_metric", place).get<double>();
  state.evaluations_since_best = number("evaluations_since_best");
  state.unjudged = own.contains("unjudged") && own["unjudged"] == true;
  state.history =
      History::from_trainer_state(read_json(folder / kTrainerStateName), (folder / kTrainerStateName).string());
  return state;
}

}  // namespace linnet
