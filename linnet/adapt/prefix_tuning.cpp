// Prefix tuning (Li and Liang 2021): learned keys and values that every layer reads before the text's own.
#include <cmath>

#include "linnet/adapt/kinds.h"
#include "linnet/base/error.h"
#include "linnet/base/rng.h"
#include "linnet/ops/ops.h"

namespace linnet {
namespace {

constexpr const char* kTensor = "prompt_embeddings";

// The perceptron that makes the prefix while it trains; only its output is saved.
struct Projection {
  Tensor in_weight, in_bias, out_weight, out_bias;
};

Tensor drawn(Shape shape, Rng& rng, double bound) {  // uniform, as torch.nn.Linear starts; bound 0: normal(0, 1)
  Tensor t = Tensor::empty(std::move(shape));
  for (float& x : t.data<float>()) x = bound > 0 ? static_cast<float>((2 * rng.uniform() - 1) * bound) : rng.normal();
  t.set_requires_grad();
  return t;
}

class PrefixAdapter final : public Adapter {
 public:
  PrefixAdapter(models::Model& model, PeftConfig config, Tensor table, Projection projection)
      : Adapter(model, std::move(config)), table_(std::move(table)), projection_(std::move(projection)) {
    const nn::TransformerConfig& c = model.config();
    config_.kind = AdapterKind::kPrefixTuning;
    config_.virtual_tokens = table_.size(0);
    config_.token_dim = c.kv_heads * c.head_dim;
    config_.layers = c.layers;
    config_.heads = c.kv_heads;
  }

  // [virtual tokens, layers * 2 * width] -> keys and values of every layer. Recorded, so gradients reach the table.
  void extend(nn::ForwardState& state) override {
    const nn::TransformerConfig& c = model_->config();
    const std::int64_t width = c.kv_heads * c.head_dim;
    const Tensor all = prefix();
    const Shape shape{all.size(0), 2 * c.layers, c.kv_heads, c.head_dim};
    const auto part = [&](std::int64_t index) {
      return reshape(contiguous(view_select(all, shape, 1, index)), {all.size(0), width});
    };
    layers_.clear();
    for (std::int64_t layer = 0; layer < c.layers; ++layer) layers_.push_back({part(2 * layer), part(2 * layer + 1)});
    state.prefix = layers_;
  }
  bool extends() const override { return true; }

 protected:
  std::vector<nn::Parameter> own_parameters() override {
    std::vector<nn::Parameter> all{{"prefix", &table_, table_.shape()}};
    if (!projection_.in_weight) return all;
    all.push_back({"prefix_in.weight", &projection_.in_weight, projection_.in_weight.shape()});
    all.push_back({"prefix_in.bias", &projection_.in_bias, projection_.in_bias.shape()});
    all.push_back({"prefix_out.weight", &projection_.out_weight, projection_.out_weight.shape()});
    all.push_back({"prefix_out.bias", &projection_.out_bias, projection_.out_bias.shape()});
    return all;
  }
  void put_tensors(const Put& put) const override {
    const GradGuard off(false);
    put(kTensor, prefix());
  }

 private:
  Tensor prefix() const {
    if (!projection_.in_weight) return table_;
    const Tensor hidden = activation(linear(table_, projection_.in_weight, projection_.in_bias), Activation::kTanh);
    return linear(hidden, projection_.out_weight, projection_.out_bias);
  }

  Tensor table_;  // [virtual tokens, layers * 2 * width], or [virtual tokens, width] before a projection
  Projection projection_;
  std::vector<nn::PrefixKv> layers_;
};

}  // namespace

std::unique_ptr<Adapter> create_prefix_tuning(models::Model& model, const PrefixTuning& method, PeftConfig config,
                                              std::uint64_t seed) {
  check(method.virtual_tokens >= 1, "[prefix tuning] {} virtual tokens", method.virtual_tokens);
  const nn::TransformerConfig& c = model.config();
  check(c.stack != nn::Stack::kEncoderDecoder, "[prefix tuning] encoder-decoders are not supported yet");
  const std::int64_t width = c.kv_heads * c.head_dim, columns = 2 * c.layers * width;
  config.projection = method.projection;
  config.projection_hidden = method.projection_hidden > 0 ? method.projection_hidden : width;
  Rng rng(seed, 0x50726566);
  Tensor table = drawn({method.virtual_tokens, method.projection ? width : columns}, rng, 0);
  Projection projection;
  if (method.projection) {
    const std::int64_t hidden = config.projection_hidden;
    const double in_bound = 1 / std::sqrt(static_cast<double>(width)),
                 out_bound = 1 / std::sqrt(static_cast<double>(hidden));
    projection.in_weight = drawn({hidden, width}, rng, in_bound);
    projection.in_bias = drawn({hidden}, rng, in_bound);
    projection.out_weight = drawn({columns, hidden}, rng, out_bound);
    projection.out_bias = drawn({columns}, rng, out_bound);
  }
  return std::make_unique<PrefixAdapter>(model, std::move(config), std::move(table), std::move(projection));
}

std::unique_ptr<Adapter> load_prefix_tuning(models::Model& model, PeftConfig config, PeftTensors& tensors,
                                            std::string_view place) {
  const auto found = tensors.find(kTensor);
  check(found != tensors.end(), ErrorKind::kBadInput, "{}: has no tensor '{}'", place, kTensor);
  const nn::TransformerConfig& c = model.config();
  const Shape wanted{config.virtual_tokens, 2 * c.layers * c.kv_heads * c.head_dim};
  check(found->second.shape() == wanted, ErrorKind::kBadInput, "{}: '{}' has shape {}, the model wants {}", place,
        kTensor, to_string(found->second.shape()), to_string(wanted));
  Tensor table = trainable_copy(found->second);
  tensors.erase(found);
  return std::make_unique<PrefixAdapter>(model, std::move(config), std::move(table), Projection{});
}

}  // namespace linnet
