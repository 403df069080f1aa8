// LoRA (Hu et al. 2021): y += scale * (x A^T) B^T on frozen weights. nn::Linear computes it; this file creates, reads,
// writes and merges it.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "linnet/adapt/kinds.h"
#include "linnet/base/error.h"
#include "linnet/base/log.h"
#include "linnet/base/rng.h"
#include "linnet/models/roles.h"
#include "linnet/ops/ops.h"

namespace linnet {
namespace {

constexpr const char* kA = ".lora_A.weight";
constexpr const char* kB = ".lora_B.weight";
constexpr const char* kTableA = ".lora_embedding_A";  // [rank, vocab]
constexpr const char* kTableB = ".lora_embedding_B";  // [hidden, rank]

// A module that can have an update: a linear one, or the token table.
struct Place {
  std::string ours, theirs;
  nn::Role role;
  nn::Linear* linear;  // null: the token table
  const void* module;  // key in nn::LoraUpdates
  std::int64_t in, out;
  bool table() const { return linear == nullptr; }
};

std::vector<Place> places(models::Model& model) {
  std::vector<Place> all;
  for (const nn::NamedLinear& l : model.linears())
    all.push_back({l.name, model.checkpoint_name(l.name), l.role, l.linear, l.linear, l.linear->in(), l.linear->out()});
  // Two stacks read one table, but an update belongs to one module.
  if (model.config().stack == nn::Stack::kEncoderDecoder) return all;
  const nn::Parameter table = table_of(model);
  const std::string ours = table.module();
  all.push_back(
      {ours, model.checkpoint_name(ours), table.role, nullptr, &model.embeddings(), table.shape[0], table.shape[1]});
  return all;
}

bool any_suffix(const std::vector<std::string>& names, std::string_view theirs) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return theirs == name || theirs.ends_with("." + name); });
}

// As in PEFT: without modules that are trained in full with a head, and without the output matrix.
bool of_all_linear(nn::Role role) {
  return role != nn::Role::kTokenTable && role != nn::Role::kOutput && role != nn::Role::kClassifierDense &&
         role != nn::Role::kClassifier;
}

bool matches(const std::vector<std::string>& targets, const Place& place) {
  if (targets.size() == 1 && targets[0] == "all-linear") return of_all_linear(place.role);
  return any_suffix(targets, place.theirs);
}

// The layer number of a module: the first number between dots, as in PEFT; -1: none.
std::int64_t layer_of(std::string_view theirs) {
  std::int64_t layer = -1;
  for (std::size_t begin = theirs.find('.'); begin != theirs.npos && layer < 0; begin = theirs.find('.', begin + 1)) {
    const std::string_view rest = theirs.substr(begin + 1);
    const auto end = rest.find('.');
    const auto [stop, error] = std::from_chars(rest.data(), rest.data() + std::min(end, rest.size()), layer);
    if (end == rest.npos || error != std::errc() || stop != rest.data() + end) layer = -1;
  }
  return layer;
}

// True if PEFT would update the module; a regular expression is assumed to match.
bool is_target(const PeftConfig& c, const Place& place) {
  if (any_suffix(c.excluded, place.theirs)) return false;
  if (c.targets.empty() || c.targets_are_pattern) return true;
  const auto& layers = c.layers_to_transform;
  const bool layer = layers.empty() || std::find(layers.begin(), layers.end(), layer_of(place.theirs)) != layers.end();
  return layer && matches(c.targets, place);
}

Tensor transposed(const Tensor& x) { return contiguous(x.transpose(0, 1)); }

class LoraAdapter final : public Adapter {
 public:
  LoraAdapter(models::Model& model, PeftConfig config) : Adapter(model, std::move(config)) {
    config_.kind = AdapterKind::kLora;
    config_.weights_in_out = model.config().weight_layout == WeightLayout::kInOut;
  }

  void add(const Place& place, Tensor a, Tensor b) {
    const std::int64_t rank = b.size(1);
    const double alpha = pattern_value(config_.alpha_pattern, place.theirs, config_.alpha);
    const double divisor =
        config_.scale == LoraScale::kAlphaOverRank ? static_cast<double>(rank) : std::sqrt(static_cast<double>(rank));
    nn::LoraDelta& delta = updates_->add(place.module, {.a = std::move(a),
                                                        .b = std::move(b),
                                                        .scale = static_cast<float>(alpha / divisor),
                                                        .dropout = static_cast<float>(config_.dropout),
                                                        .id = updated_.size()});
    updated_.push_back({place, &delta});
  }
  std::shared_ptr<const nn::LoraUpdates> lora() const override { return updates_; }

 protected:
  void merge_update() override {
    for (const auto& [place, updated] : updated_) {
      const nn::LoraDelta& delta = *updated;
      // [out, in]; for the token table [vocab, hidden].
      const Tensor sum =
          scale(place.table() ? matmul(delta.a, delta.b, false, true) : matmul(delta.b, delta.a), delta.scale);
      Tensor& weight = place.table() ? *table_of(*model_).tensor : place.linear->weight();
      const DType type = info(weight.dtype()).quantized ? DType::kF32 : weight.dtype();  // blocks would lose it
      const bool in_out = !place.table() && place.linear->layout() == WeightLayout::kInOut;
      const Tensor merged = linnet::add(to_float(weight), in_out ? transposed(sum) : sum);
      weight = type == DType::kF32 ? merged : cast(merged, type);
      updates_->remove(place.module);
    }
    updated_.clear();
  }

  std::vector<nn::Parameter> own_parameters() override {
    std::vector<nn::Parameter> all;
    for (const auto& [place, delta] : updated_) {
      const nn::Role first = place.table() ? nn::Role::kAdapterTable : nn::Role::kAdapter;
      all.push_back({place.ours + ".lora_A", &delta->a, delta->a.shape(), first, nn::Part::kWeight});
      all.push_back({place.ours + ".lora_B", &delta->b, delta->b.shape(), nn::Role::kAdapter, nn::Part::kWeight});
    }
    return all;
  }

  void put_tensors(const Put& put) const override {
    for (const auto& [place, delta] : updated_) {
      const std::string module = "base_model.model." + place.theirs;
      if (place.table()) {
        put(module + kTableA, transposed(delta->a));
        put(module + kTableB, delta->b);
      } else {
        put(module + kA, delta->a);
        put(module + kB, delta->b);
      }
    }
  }

 private:
  struct Updated {
    Place place;
    nn::LoraDelta* delta;  // one of updates_
  };
  std::shared_ptr<nn::LoraUpdates> updates_ = std::make_shared<nn::LoraUpdates>();
  std::vector<Updated> updated_;
};

}  // namespace

std::unique_ptr<Adapter> create_lora(models::Model& model, const Lora& method, PeftConfig config, std::uint64_t seed) {
  check(method.rank >= 1, "[lora] rank is {}", method.rank);
  check(method.dropout >= 0 && method.dropout < 1, "[lora] dropout is {}", method.dropout);
  config.rank = method.rank;
  config.alpha = method.alpha;
  config.dropout = method.dropout;
  config.scale = method.scale;
  config.targets = method.targets;
  if (config.targets.empty())
    config.targets.assign(model.family().lora_targets.begin(), model.family().lora_targets.end());
  const std::string output = models::Roles(model.config()).module(nn::Role::kOutput);
  if (model.config().tie_embeddings && any_suffix(config.targets, model.checkpoint_name(output))) model.untie();
  auto adapter = std::make_unique<LoraAdapter>(model, std::move(config));
  std::uint64_t count = 0;
  std::set<std::string> leaves;
  for (const Place& place : places(model)) {
    if (!place.table()) leaves.insert(place.theirs.substr(place.theirs.rfind('.') + 1));
    const bool learns_itself = place.role == nn::Role::kPooler && model.pooler_drawn();  // in full, with the head
    if (learns_itself || place.table() || !matches(adapter->config().targets, place)) continue;
    Tensor a = Tensor::empty({method.rank, place.in}), b = Tensor::zeros({place.out, method.rank});
    // kaiming_uniform(a = sqrt 5) of a matrix is uniform in +-1/sqrt(in); B is 0, so the model is unchanged at first.
    const double bound = 1 / std::sqrt(static_cast<double>(place.in));
    Rng rng(seed, 0x4C6F5241 + count++);
    for (float& x : a.data<float>()) x = static_cast<float>((2 * rng.uniform() - 1) * bound);
    a = a.to(model.device());
    b = b.to(model.device());
    a.set_requires_grad();
    b.set_requires_grad();
    adapter->add(place, std::move(a), std::move(b));
  }
  if (count == 0) {
    std::string known;
    for (const std::string& leaf : leaves) known += (known.empty() ? "" : ", ") + leaf;
    fail(ErrorKind::kInvalidArgument, "[lora] no module is named {}; this model has {}",
         fmt::join(adapter->config().targets, ", "), known);
  }
  return adapter;
}

namespace {

// The two matrices of a module in a file.
struct Pair {
  std::string module, a, b;  // names
  bool table;
};

std::vector<Pair> pairs_in(const PeftTensors& tensors) {
  std::vector<Pair> pairs;
  for (const auto& [name, value] : tensors)
    for (const auto& [a, b] : {std::pair(kA, kB), std::pair(kTableA, kTableB)})
      if (name.ends_with(a)) {
        const std::string module = name.substr(0, name.size() - std::string_view(a).size());
        pairs.push_back({module, name, module + b, a == kTableA});
      }
  return pairs;
}

void load_pair(LoraAdapter& adapter, const Place& place, const Pair& pair, PeftTensors& tensors, std::string_view where,
               Device device) {
  const auto b = tensors.find(pair.b);
  check(b != tensors.end(), ErrorKind::kBadInput, "{}: '{}' has no counterpart '{}'", where, pair.a, pair.b);
  const Tensor first = trainable_copy(tensors.at(pair.a), device), second = trainable_copy(b->second, device);
  check(first.rank() == 2 && second.rank() == 2 && first.size(1) == place.in && second.size(0) == place.out &&
            first.size(0) == second.size(1) && first.size(0) > 0,
        ErrorKind::kBadInput, "{}: lora_A {} and lora_B {} do not fit '{}' [{}, {}]", where, to_string(first.shape()),
        to_string(second.shape()), pair.module, place.out, place.in);
  const std::int64_t rank = pattern_value(adapter.config().rank_pattern, place.theirs, adapter.config().rank);
  check(first.size(0) == rank, ErrorKind::kBadInput, "{}: '{}' has rank {}, adapter_config.json gives it {}", where,
        pair.module, first.size(0), rank);
  adapter.add(place, place.table() ? trainable_copy(transposed(first), device) : first, second);
  tensors.erase(b);
  tensors.erase(pair.a);
}

}  // namespace

std::unique_ptr<Adapter> load_lora(models::Model& model, PeftConfig config, PeftTensors& tensors,
                                   std::string_view where) {
  auto adapter = std::make_unique<LoraAdapter>(model, std::move(config));
  std::map<std::string, Place> by_ours;
  for (Place& place : places(model)) by_ours.emplace(place.ours, std::move(place));
  const std::vector<Pair> pairs = pairs_in(tensors);
  check(!pairs.empty(), ErrorKind::kBadInput, "{}: holds no LoRA matrices", where);
  for (const Pair& pair : pairs) {
    const auto found = by_ours.find(models::to_ours(model.family(), pair.module, where));
    check(found != by_ours.end() && found->second.table() == pair.table, ErrorKind::kBadInput,
          "{}: '{}' is not a {} of the base model", where, pair.module,
          pair.table ? "vocabulary table" : "linear module");
    Place named = found->second;  // with the file's name: a model without a head has no prefix
    named.theirs = pair.module;
    check(is_target(adapter->config(), found->second) || is_target(adapter->config(), named), ErrorKind::kBadInput,
          "{}: has matrices for '{}', which adapter_config.json leaves out (target_modules, exclude_modules, "
          "layers_to_transform); correct it",
          where, pair.module);
    load_pair(*adapter, found->second, pair, tensors, where, model.device());
    by_ours.erase(found);
  }
  std::vector<std::string> without;
  const PeftConfig& c = adapter->config();
  if (!c.targets.empty() && !c.targets_are_pattern)
    for (const auto& [ours, place] : by_ours)
      if (is_target(c, place)) without.push_back(place.theirs);
  if (!without.empty())
    warn("{}: has no matrices for {} of target_modules; {} as in the base", where, fmt::join(without, ", "),
         without.size() == 1 ? "it stays" : "they stay");
  return adapter;
}

}  // namespace linnet
