// Prefix tuning (Li and Liang 2021): learned keys and values before those of the text in every layer; in an
// encoder-decoder for the encoder, the decoder and cross attention.
#include <cmath>
#include <iterator>

#include "linnet/adapt/kinds.h"
#include "linnet/base/error.h"
#include "linnet/base/rng.h"
#include "linnet/ops/ops.h"

namespace linnet {
namespace {

// The kinds of attention with a prefix, in order of initialisation: names of parameters and of the file's tensors.
struct PrefixPlace {
  const char *parameter, *tensor;
};
constexpr PrefixPlace kPrefixPlaces[] = {{"prefix", "prompt_embeddings"},
                                         {"encoder_prefix", "encoder_prompt_embeddings"},
                                         {"cross_prefix", "cross_prompt_embeddings"}};

std::int64_t layers_of(std::size_t place, const nn::TransformerConfig& c) {
  return c.stack == nn::Stack::kEncoderDecoder && place != 1 ? c.decoder_layers : c.layers;
}
std::size_t places_of(PrefixReach reach) { return reach == PrefixReach::kAllAttention ? std::size(kPrefixPlaces) : 1; }
std::int64_t width_of(const nn::TransformerConfig& c) { return c.kv_heads * c.head_dim; }

// The MLP that computes the prefix in training; only its output is saved.
struct Projection {
  Tensor in_weight, in_bias, out_weight, out_bias;
};

// Keys and values of one kind of attention in all layers of its stack.
struct Table {
  Tensor rows;  // [virtual tokens, layers * 2 * width], or [virtual tokens, width] before a projection
  Projection projection = {};
  std::vector<nn::PrefixKv> layers = {};  // the last result for `rows`

  Tensor prefix() const {
    if (!projection.in_weight) return rows;
    const Tensor hidden = activation(linear(rows, projection.in_weight, projection.in_bias), Activation::kTanh);
    return linear(hidden, projection.out_weight, projection.out_bias);
  }
  // On the tape, so that gradients reach the table. Each layer has its own pair, or every `step`th, cyclically.
  std::span<const nn::PrefixKv> split(std::int64_t count, std::int64_t step, const nn::TransformerConfig& c) {
    const Tensor all = prefix();
    const Shape shape{all.size(0), 2 * count, c.kv_heads, c.head_dim};
    const auto part = [&](std::int64_t index) {
      return reshape(contiguous(view_select(all, shape, 1, index)), {all.size(0), width_of(c)});
    };
    layers.clear();
    for (std::int64_t layer = 0; layer < count; ++layer) {
      const std::int64_t pair = layer * step % count;
      layers.push_back({part(2 * pair), part(2 * pair + 1)});
    }
    return layers;
  }
};

Tensor drawn(Shape shape, Rng& rng, double bound,
             Device device) {  // uniform, as in torch.nn.Linear; bound 0: normal(0, 1)
  Tensor t = Tensor::empty(std::move(shape));
  for (float& x : t.data<float>()) x = bound > 0 ? static_cast<float>((2 * rng.uniform() - 1) * bound) : rng.normal();
  t = t.to(device);
  t.set_requires_grad();
  return t;
}

class PrefixAdapter final : public Adapter {
 public:
  PrefixAdapter(models::Model& model, PeftConfig config, std::vector<Table> tables)
      : Adapter(model, std::move(config)), tables_(std::move(tables)) {
    const nn::TransformerConfig& c = model.config();
    config_.kind = AdapterKind::kPrefixTuning;
    config_.virtual_tokens = tables_[0].rows.size(0);
    config_.token_dim = width_of(c);
    config_.layers = layers_of(0, c);
    config_.heads = c.kv_heads;
    config_.stacks = c.stack == nn::Stack::kEncoderDecoder ? 2 : 1;
  }

  void extend(nn::ForwardState& state) override {
    std::span<const nn::PrefixKv>* const to[] = {&state.prefix, &state.encoder_prefix, &state.cross_prefix};
    const nn::TransformerConfig& c = model_->config();
    const std::size_t count = tables_.size();
    LINNET_ASSERT(count <= std::size(to));
    for (std::size_t i = 0; i < count; ++i) *to[i] = tables_[i].split(layers_of(i, c), step(), c);
  }
  bool extends() const override { return true; }

 protected:
  std::vector<nn::Parameter> own_parameters() override {
    std::vector<nn::Parameter> all;
    for (std::size_t i = 0; i < tables_.size(); ++i) {
      const auto add = [&](const char* leaf, Tensor& tensor, nn::Part part) {
        all.push_back(
            {std::string(kPrefixPlaces[i].parameter) + leaf, &tensor, tensor.shape(), nn::Role::kAdapter, part});
      };
      add("", tables_[i].rows, nn::Part::kWeight);
      Projection& p = tables_[i].projection;
      if (!p.in_weight) continue;
      add("_in.weight", p.in_weight, nn::Part::kWeight);
      add("_in.bias", p.in_bias, nn::Part::kBias);
      add("_out.weight", p.out_weight, nn::Part::kWeight);
      add("_out.bias", p.out_bias, nn::Part::kBias);
    }
    return all;
  }
  void put_tensors(const Put& put) const override {
    const GradGuard off(false);
    for (std::size_t i = 0; i < tables_.size(); ++i) put(kPrefixPlaces[i].tensor, tables_[i].prefix());
  }

 private:
  // For a model of two stacks, PEFT (0.21) repeats the pairs of all layers and gives every layer four: the first two
  // are the decoder's, so that layer i uses the pair 2 i. Files depend on it.
  std::int64_t step() const { return config_.reach == PrefixReach::kOneStack ? config_.stacks : 1; }

  std::vector<Table> tables_;  // as kPrefixPlaces, or only the first
};

Table drawn_table(std::int64_t virtual_tokens, std::int64_t width, std::int64_t columns, std::int64_t hidden, Rng& rng,
                  Device device) {
  if (hidden == 0) return {drawn({virtual_tokens, columns}, rng, 0, device)};
  Table table{drawn({virtual_tokens, width}, rng, 0, device)};
  const double in_bound = 1 / std::sqrt(static_cast<double>(width)),
               out_bound = 1 / std::sqrt(static_cast<double>(hidden));
  table.projection.in_weight = drawn({hidden, width}, rng, in_bound, device);
  table.projection.in_bias = drawn({hidden}, rng, in_bound, device);
  table.projection.out_weight = drawn({columns, hidden}, rng, out_bound, device);
  table.projection.out_bias = drawn({columns}, rng, out_bound, device);
  return table;
}

}  // namespace

std::unique_ptr<Adapter> create_prefix_tuning(models::Model& model, const PrefixTuning& method, PeftConfig config,
                                              std::uint64_t seed) {
  check(method.virtual_tokens >= 1, "[prefix tuning] {} virtual tokens", method.virtual_tokens);
  const nn::TransformerConfig& c = model.config();
  const std::int64_t width = width_of(c);
  config.projection = method.projection;
  config.projection_hidden = method.projection_hidden > 0 ? method.projection_hidden : width;
  config.reach = c.stack == nn::Stack::kEncoderDecoder ? method.reach : PrefixReach::kOneStack;
  Rng rng(seed, 0x50726566);
  std::vector<Table> tables;
  for (std::size_t i = 0; i < places_of(config.reach); ++i)
    tables.push_back(drawn_table(method.virtual_tokens, width, 2 * layers_of(i, c) * width,
                                 method.projection ? config.projection_hidden : 0, rng, model.device()));
  return std::make_unique<PrefixAdapter>(model, std::move(config), std::move(tables));
}

std::unique_ptr<Adapter> load_prefix_tuning(models::Model& model, PeftConfig config, PeftTensors& tensors,
                                            std::string_view place) {
  const nn::TransformerConfig& c = model.config();
  check(config.reach == PrefixReach::kOneStack || c.stack == nn::Stack::kEncoderDecoder, ErrorKind::kBadInput,
        "{}: has prefixes of an encoder and a decoder, the model has one stack", place);
  std::vector<Table> tables;
  for (std::size_t i = 0; i < places_of(config.reach); ++i) {
    const char* name = kPrefixPlaces[i].tensor;
    const auto found = tensors.find(name);
    check(found != tensors.end(), ErrorKind::kBadInput, "{}: has no tensor '{}'", place, name);
    const Shape wanted{config.virtual_tokens, 2 * layers_of(i, c) * width_of(c)};
    check(found->second.shape() == wanted, ErrorKind::kBadInput, "{}: '{}' has shape {}, the model wants {}", place,
          name, to_string(found->second.shape()), to_string(wanted));
    tables.push_back({trainable_copy(found->second, model.device())});
    tensors.erase(found);
  }
  return std::make_unique<PrefixAdapter>(model, std::move(config), std::move(tables));
}

}  // namespace linnet
