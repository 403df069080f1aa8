// Prompt tuning (Lester et al. 2021): learned rows before the embeddings of every text.
#include <algorithm>

#include "linnet/adapt/kinds.h"
#include "linnet/base/error.h"
#include "linnet/base/rng.h"
#include "linnet/ops/ops.h"

namespace linnet {
namespace {

constexpr const char* kTensor = "prompt_embeddings";

// The rows of both, one after the other.
Tensor concatenated(const Tensor& first, const Tensor& second) {
  Tensor all = Tensor::empty({first.size(0) + second.size(0), first.size(1)});
  std::ranges::copy(first.data<float>(), all.data<float>().begin());
  std::ranges::copy(second.data<float>(), all.data<float>().begin() + first.numel());
  return all;
}

class PromptAdapter final : public Adapter {
 public:
  PromptAdapter(models::Model& model, PeftConfig config, Tensor prompt, Tensor decoders = {})
      : Adapter(model, std::move(config)), prompt_(std::move(prompt)), decoders_(std::move(decoders)) {
    const nn::TransformerConfig& c = model.config();
    config_.kind = AdapterKind::kPromptTuning;
    config_.virtual_tokens = prompt_.size(0);
    config_.token_dim = c.hidden;
    config_.layers = c.layers;
    config_.heads = c.heads;
  }
  void extend(nn::ForwardState& state) override { state.prompt_embeddings = prompt_; }
  bool extends() const override { return true; }
  Tensor prompt() const override { return prompt_; }

 protected:
  std::vector<nn::Parameter> own_parameters() override {
    return {{"prompt", &prompt_, prompt_.shape(), nn::Role::kAdapter, nn::Part::kWeight}};
  }
  void put_tensors(const Put& put) const override {
    put(kTensor, decoders_ ? concatenated(prompt_.to(kCpu), decoders_) : prompt_);
  }

 private:
  Tensor prompt_;    // [virtual tokens, hidden]
  Tensor decoders_;  // the same of the decoder, which PEFT stores and never uses; or undefined
};

// The rows of the token table that initialise a prompt.
std::vector<std::int32_t> start_ids(const PromptTuning& method, std::int64_t vocab, std::uint64_t seed) {
  const auto n = static_cast<std::size_t>(method.virtual_tokens);
  std::vector<std::int32_t> ids;
  if (method.init == PromptInit::kVocabulary) {
    Rng rng(seed, 0x50726F6D);
    for (std::size_t i = 0; i < n; ++i)
      ids.push_back(static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(vocab))));
    return ids;
  }
  check(!method.text_ids.empty(), "[prompt tuning] the initial text '{}' has no tokens", printable(method.text));
  for (std::size_t i = 0; i < n; ++i)
    ids.push_back(method.text_ids[i % method.text_ids.size()]);  // PEFT truncates or repeats
  return ids;
}

// A prompt is as wide as the layers, in PEFT too, and the projection of narrower tables cannot read it.
void check_widths(const models::Model& model) {
  const nn::TransformerConfig& c = model.config();
  check(!c.embedding_projection && !c.token_projection,
        "[prompt tuning] the embeddings of this {} have {} dimensions and its layers {}; use LoRA",
        model.family().model_type, c.embedding_width(), c.hidden);
}

}  // namespace

std::unique_ptr<Adapter> create_prompt_tuning(models::Model& model, const PromptTuning& method, PeftConfig config,
                                              std::uint64_t seed) {
  check(method.virtual_tokens >= 1, "[prompt tuning] {} virtual tokens", method.virtual_tokens);
  check_widths(model);
  config.prompt_init = method.init == PromptInit::kRandom       ? "RANDOM"
                       : method.init == PromptInit::kVocabulary ? "SAMPLE_VOCAB"
                                                                : "TEXT";
  config.prompt_text = method.text;
  Tensor prompt;
  if (method.init == PromptInit::kRandom) {  // torch.nn.Embedding: normal(0, 1)
    prompt = Tensor::empty({method.virtual_tokens, model.config().hidden});
    Rng rng(seed, 0x50726F6D);
    for (float& x : prompt.data<float>()) x = rng.normal();
    prompt = prompt.to(model.device());
    prompt.set_requires_grad();
  } else {
    prompt =
        trainable_copy(embedding(token_table(model), start_ids(method, model.config().vocab, seed)), model.device());
  }
  return std::make_unique<PromptAdapter>(model, std::move(config), std::move(prompt));
}

std::unique_ptr<Adapter> load_prompt_tuning(models::Model& model, PeftConfig config, PeftTensors& tensors,
                                            std::string_view place) {
  check_widths(model);
  const auto found = tensors.find(kTensor);
  check(found != tensors.end(), ErrorKind::kBadInput, "{}: has no tensor '{}'", place, kTensor);
  check(config.stacks == 1 || model.config().stack == nn::Stack::kEncoderDecoder, ErrorKind::kBadInput,
        "{}: num_transformer_submodules is {}, the model has one stack", place, config.stacks);
  const Shape wanted{config.virtual_tokens * config.stacks, model.config().hidden};
  check(found->second.shape() == wanted, ErrorKind::kBadInput, "{}: '{}' has shape {}, the model wants {}", place,
        kTensor, to_string(found->second.shape()), to_string(wanted));
  Tensor prompt = trainable_copy(found->second.slice(0, 0, config.virtual_tokens), model.device()), decoders;
  if (config.stacks == 2) decoders = to_float(found->second).slice(0, config.virtual_tokens, wanted[0]).clone();
  tensors.erase(found);
  return std::make_unique<PromptAdapter>(model, std::move(config), std::move(prompt), std::move(decoders));
}

}  // namespace linnet
