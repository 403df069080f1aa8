#include "linnet/models/sentence_modules.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <set>
#include <string>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/json.h"
#include "linnet/io/checkpoint.h"
#include "linnet/ops/ops.h"

namespace linnet::models {
namespace {

constexpr std::int64_t kMostFeatures = 1'000'000;
constexpr const char* kVector = "sentence_embedding";  // name of the modules' input and output

// The config.json of a module; rejects unknown keys.
class ModuleConfig {
 public:
  ModuleConfig(const std::filesystem::path& folder, std::initializer_list<std::string_view> keys)
      : place_((folder / "config.json").string()) {
    if (has_companion(folder / "config.json")) json_ = read_json(folder / "config.json");
    check(json_.is_object(), ErrorKind::kBadInput, "{}: is not a JSON object", place_);
    for (const auto& [key, value] : json_.items())
      check(std::find(keys.begin(), keys.end(), std::string_view(key)) != keys.end(), ErrorKind::kBadInput,
            "{}: the option '{}' is not supported; remove it if it changes nothing", place_, key);
  }

  std::int64_t size(const char* key) const {
    const std::int64_t value = get_integer(require(json_, key, place_), key, place_);
    check(value >= 1 && value <= kMostFeatures, ErrorKind::kBadInput, "{}: '{}' is {}, must be 1 to {}", place_, key,
          value, kMostFeatures);
    return value;
  }
  bool flag(const char* key, bool otherwise) const {
    if (!json_.contains(key)) return otherwise;
    check(json_[key].is_boolean(), ErrorKind::kBadInput, "{}: '{}' is not true or false", place_, key);
    return json_[key].get<bool>();
  }
  std::string text(const char* key, const char* otherwise) const {
    return json_.contains(key) ? get_string(json_[key], key, place_) : otherwise;
  }
  // Rejects modules on the rows of a text, which belong before the pooling.
  void check_names() const {
    for (const char* key : {"module_input_name", "module_output_name"}) {
      if (!json_.contains(key) || json_[key].is_null()) continue;
      const std::string name = text(key, kVector);
      check(name == kVector, ErrorKind::kBadInput, "{}: {} is '{}'; only {} is supported", place_, key, name, kVector);
    }
  }
  const std::string& place() const { return place_; }

 private:
  std::string place_;
  Json json_ = Json::object();
};

// The tensors of a module's weights; each must be used.
class ModuleWeights {
 public:
  explicit ModuleWeights(const std::filesystem::path& folder)
      : place_(folder.string()), reader_(CheckpointReader::open(folder)) {
    left_.insert(reader_->names().begin(), reader_->names().end());
  }
  Tensor read(const char* name, const Shape& shape) {
    check(reader_->has(name), ErrorKind::kBadInput, "{}: its weights have no tensor '{}'; download it again", place_,
          name);
    const StoredTensor& stored = reader_->info(name);
    check(stored.shape == shape && info(stored.dtype).floating, ErrorKind::kBadInput,
          "{}: tensor '{}' is {} {}, config.json makes it {}", place_, name, info(stored.dtype).name,
          to_string(stored.shape), to_string(shape));
    left_.erase(name);
    return to_float(reader_->read(name));
  }
  void finish() const {
    check(left_.empty(), ErrorKind::kBadInput, "{}: tensor '{}' belongs to no part of the module", place_,
          left_.empty() ? "" : *left_.begin());
  }

 private:
  std::string place_;
  std::unique_ptr<CheckpointReader> reader_;
  std::set<std::string> left_;
};

Activation activation_named(const ModuleConfig& config) {
  constexpr std::pair<std::string_view, Activation> kKnown[] = {
      {"torch.nn.modules.activation.Tanh", Activation::kTanh},
      {"torch.nn.modules.linear.Identity", Activation::kIdentity},
      {"torch.nn.modules.activation.ReLU", Activation::kRelu},
      {"torch.nn.modules.activation.GELU", Activation::kGelu},
      {"torch.nn.modules.activation.SiLU", Activation::kSilu},
      {"torch.nn.modules.activation.Sigmoid", Activation::kSigmoid}};
  const std::string name = config.text("activation_function", "torch.nn.modules.activation.Tanh");
  for (const auto& [known, kind] : kKnown) {
    const std::string_view last = known.substr(known.rfind('.') + 1);
    if (name == known || name == std::string("torch.nn.") + std::string(last)) return kind;
  }
  fail(
      ErrorKind::kBadInput,
      "{}: the activation_function '{}' is not supported; Tanh, Identity, ReLU, GELU, SiLU and Sigmoid of torch.nn are",
      config.place(), name);
}

class Dense final : public SentenceModule {
 public:
  explicit Dense(const std::filesystem::path& folder) {
    const ModuleConfig config(folder, {"in_features", "out_features", "bias", "activation_function",
                                       "module_input_name", "module_output_name", "use_residual"});
    config.check_names();
    in_ = config.size("in_features");
    out_ = config.size("out_features");
    activation_ = activation_named(config);
    residual_ = config.flag("use_residual", false);
    ModuleWeights weights(folder);
    weight_ = weights.read("linear.weight", {out_, in_});
    if (config.flag("bias", true)) bias_ = weights.read("linear.bias", {out_});
    if (residual_ && in_ != out_) residual_weight_ = weights.read("residual.weight", {out_, in_});
    weights.finish();
  }
  Tensor run(const Tensor& x) const override {
    const LinearOptions exact{.precision = Precision::kF32};
    const Tensor y = activation(linear(x, weight_, bias_, exact), activation_);
    if (!residual_) return y;
    return add(y, residual_weight_ ? linear(x, residual_weight_, {}, exact) : x);
  }
  std::int64_t in() const override { return in_; }
  std::int64_t out() const override { return out_; }

 private:
  std::int64_t in_ = 0, out_ = 0;
  Activation activation_ = Activation::kTanh;
  bool residual_ = false;
  Tensor weight_, bias_, residual_weight_;
};

class LayerNorm final : public SentenceModule {
 public:
  explicit LayerNorm(const std::filesystem::path& folder) {
    const ModuleConfig config(folder, {"dimension"});
    size_ = config.size("dimension");
    ModuleWeights weights(folder);
    weight_ = weights.read("norm.weight", {size_});
    bias_ = weights.read("norm.bias", {size_});
    weights.finish();
  }
  Tensor run(const Tensor& x) const override {
    constexpr float kEps = 1e-5F;  // torch.nn.LayerNorm's
    return layer_norm(x, weight_, bias_, kEps);
  }
  std::int64_t in() const override { return size_; }

 private:
  std::int64_t size_ = 0;
  Tensor weight_, bias_;
};

class Normalize final : public SentenceModule {
 public:
  explicit Normalize(const std::filesystem::path& folder) {
    ModuleConfig(folder, {"module_input_name", "module_output_name"}).check_names();
  }
  Tensor run(const Tensor& x) const override {
    Tensor y = Tensor::empty(x.shape());
    const std::int64_t width = x.size(1);
    for (std::int64_t r = 0; r < x.size(0); ++r) {
      const float* from = x.data<float>().data() + r * width;
      float* to = y.data<float>().data() + r * width;
      double sum = 0;
      for (std::int64_t i = 0; i < width; ++i) sum += static_cast<double>(from[i]) * static_cast<double>(from[i]);
      const auto factor = static_cast<float>(1 / std::max(std::sqrt(sum), 1e-12));
      for (std::int64_t i = 0; i < width; ++i) to[i] = from[i] * factor;
    }
    return y;
  }
  bool normalizes() const override { return true; }
};

}  // namespace

SentenceModulePtr read_sentence_module(std::string_view kind, const std::filesystem::path& folder) {
  if (kind == "Dense") return std::make_shared<Dense>(folder);
  if (kind == "LayerNorm") return std::make_shared<LayerNorm>(folder);
  if (kind == "Normalize") return std::make_shared<Normalize>(folder);
  if (kind == "Dropout") return nullptr;
  fail(ErrorKind::kBadInput,
       "{}: a {} module is not supported; Transformer, Pooling, Dense, LayerNorm, Normalize and Dropout are",
       folder.string(), kind);
}

}  // namespace linnet::models
