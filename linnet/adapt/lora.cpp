// LoRA (Hu et al. 2021): y += scale * (x A^T) B^T beside frozen weights. nn::Linear runs it; here it is made, read,
// written and merged.
#include <algorithm>
#include <cmath>
#include <set>

#include "linnet/adapt/kinds.h"
#include "linnet/base/error.h"
#include "linnet/base/rng.h"
#include "linnet/ops/ops.h"

namespace linnet {
namespace {

constexpr const char* kA = ".lora_A.weight";
constexpr const char* kB = ".lora_B.weight";

struct Place {
  std::string ours, theirs;
  nn::Linear* linear;
};

std::vector<Place> places(models::Model& model) {
  std::vector<Place> all;
  for (const nn::NamedLinear& l : model.linears()) all.push_back({l.name, model.checkpoint_name(l.name), l.linear});
  return all;
}

bool matches(const std::vector<std::string>& targets, const Place& place) {
  if (targets.size() == 1 && targets[0] == "all-linear") return !place.ours.starts_with("head.");
  return std::any_of(targets.begin(), targets.end(), [&](const std::string& target) {
    return place.theirs == target || place.theirs.ends_with("." + target);
  });
}

class LoraAdapter final : public Adapter {
 public:
  LoraAdapter(models::Model& model, PeftConfig config) : Adapter(model, std::move(config)) {
    config_.kind = AdapterKind::kLora;
    config_.weights_in_out = model.config().weight_layout == WeightLayout::kInOut;
  }

  void attach(const Place& place, Tensor a, Tensor b) {
    const std::int64_t rank = a.size(0);
    const double alpha = pattern_value(config_.alpha_pattern, place.theirs, config_.alpha);
    const double divisor =
        config_.scale == LoraScale::kAlphaOverRank ? static_cast<double>(rank) : std::sqrt(static_cast<double>(rank));
    place.linear->lora() = nn::LoraDelta{.a = std::move(a),
                                         .b = std::move(b),
                                         .scale = static_cast<float>(alpha / divisor),
                                         .dropout = static_cast<float>(config_.dropout),
                                         .id = places_.size()};
    places_.push_back(place);
  }

  void merge() override {
    for (const Place& place : places_) {
      nn::LoraDelta& delta = *place.linear->lora();
      Tensor& weight = place.linear->weight();
      const DType type = info(weight.dtype()).quantized ? DType::kF32 : weight.dtype();  // blocks would lose the sum
      Tensor sum = scale(matmul(delta.b, delta.a), delta.scale);                         // [out, in]
      const Tensor own = to_float(weight);
      const bool flipped = place.linear->layout() == WeightLayout::kInOut;
      float* s = sum.data<float>().data();
      const float* w = own.data<float>().data();
      Tensor merged = Tensor::empty(own.shape());
      float* m = merged.data<float>().data();
      const std::int64_t out = sum.size(0), in = sum.size(1);
      for (std::int64_t o = 0; o < out; ++o)
        for (std::int64_t i = 0; i < in; ++i) {
          const std::int64_t at = flipped ? i * out + o : o * in + i;
          m[at] = w[at] + s[o * in + i];
        }
      weight = type == DType::kF32 ? merged : cast(merged, type);
      place.linear->lora().reset();
    }
    places_.clear();
  }

 protected:
  std::vector<nn::Parameter> own_parameters() override {
    std::vector<nn::Parameter> all;
    for (const Place& place : places_) {
      nn::LoraDelta& delta = *place.linear->lora();
      all.push_back({place.ours + ".lora_A", &delta.a, delta.a.shape()});
      all.push_back({place.ours + ".lora_B", &delta.b, delta.b.shape()});
    }
    return all;
  }

  void put_tensors(const Put& put) const override {
    for (const Place& place : places_) {
      put("base_model.model." + place.theirs + kA, place.linear->lora()->a);
      put("base_model.model." + place.theirs + kB, place.linear->lora()->b);
    }
  }

 private:
  std::vector<Place> places_;
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
  auto adapter = std::make_unique<LoraAdapter>(model, std::move(config));
  std::uint64_t count = 0;
  std::set<std::string> leaves;
  for (const Place& place : places(model)) {
    leaves.insert(place.theirs.substr(place.theirs.rfind('.') + 1));
    const bool learns_itself = place.ours.starts_with("pooler.") && model.pooler_drawn();  // in full, with the head
    if (learns_itself || !matches(adapter->config().targets, place)) continue;
    const std::int64_t in = place.linear->in(), out = place.linear->out();
    Tensor a = Tensor::empty({method.rank, in}), b = Tensor::zeros({out, method.rank});
    // kaiming_uniform(a = sqrt 5) of a matrix is uniform in +-1/sqrt(in); B starts at 0, so the model starts unchanged.
    const double bound = 1 / std::sqrt(static_cast<double>(in));
    Rng rng(seed, 0x4C6F5241 + count++);
    for (float& x : a.data<float>()) x = static_cast<float>((2 * rng.uniform() - 1) * bound);
    a.set_requires_grad();
    b.set_requires_grad();
    adapter->attach(place, std::move(a), std::move(b));
  }
  if (count == 0) {
    std::string known;
    for (const std::string& leaf : leaves) known += (known.empty() ? "" : ", ") + leaf;
    fail(ErrorKind::kInvalidArgument, "[lora] no module is named {}; this model has {}",
         fmt::join(adapter->config().targets, ", "), known);
  }
  return adapter;
}

std::unique_ptr<Adapter> load_lora(models::Model& model, PeftConfig config, PeftTensors& tensors,
                                   std::string_view where) {
  auto adapter = std::make_unique<LoraAdapter>(model, std::move(config));
  std::map<std::string, Place> by_ours;
  for (Place& place : places(model)) by_ours.emplace(place.ours, std::move(place));
  std::vector<std::string> modules;
  for (const auto& [name, value] : tensors)
    if (name.ends_with(kA)) modules.push_back(name.substr(0, name.size() - std::string_view(kA).size()));
  check(!modules.empty(), ErrorKind::kBadInput, "{}: holds no LoRA matrices", where);
  for (const std::string& module : modules) {
    const auto found = by_ours.find(models::to_ours(model.family(), module, where));
    check(found != by_ours.end(), ErrorKind::kBadInput, "{}: '{}' is no linear module of the base model", where,
          printable(module));
    const Place& place = found->second;
    const auto b = tensors.find(module + kB);
    check(b != tensors.end(), ErrorKind::kBadInput, "{}: '{}' has a lora_A but no lora_B", where, printable(module));
    const Tensor a = trainable_copy(tensors.at(module + kA)), bb = trainable_copy(b->second);
    check(a.rank() == 2 && bb.rank() == 2 && a.size(1) == place.linear->in() && bb.size(0) == place.linear->out() &&
              a.size(0) == bb.size(1) && a.size(0) > 0,
          ErrorKind::kBadInput, "{}: lora_A {} and lora_B {} do not fit '{}' [{}, {}]", where, to_string(a.shape()),
          to_string(bb.shape()), printable(module), place.linear->out(), place.linear->in());
    adapter->attach(place, a, bb);
    tensors.erase(b);
    tensors.erase(module + kA);
  }
  return adapter;
}

}  // namespace linnet
