// Adapters of tests/fixtures and the outputs of base and adapter together.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "linnet/adapt/loaded.h"
#include "linnet/ops/autograd.h"
#include "tests/models/fixture.h"

namespace linnet {

inline std::filesystem::path adapter_fixture(const std::string& name) { return fixtures() / "adapters" / name; }

inline Loaded load_adapted(const std::filesystem::path& folder, const std::filesystem::path& base = {},
                           const models::LoadOptions& options = {}) {
  return load_pretrained(pretrained_files(folder, base), options, WithTokenizer::kIfThere);
}

inline std::vector<float> floats(const Tensor& x) { return {x.data<float>().begin(), x.data<float>().end()}; }

// The logits of a batch: of the classification head, or over the vocabulary; of the decoder's rows, if there are any.
inline std::vector<float> logits(const models::Model& model, Adapter* adapter, const nn::PaddedBatch& padded,
                                 const nn::PaddedBatch& decoder = {}) {
  const nn::Packed batch = nn::pack(padded);
  nn::ForwardState state;
  if (adapter != nullptr) adapter->extend(state);
  if (!decoder.ids.empty()) {
    const nn::Encoded encoded = model.encode(batch, state);
    state.encoder = &encoded;
    return floats(model.logits(model.forward(nn::pack(decoder), state)));
  }
  const bool classes = model.config().head == models::HeadKind::kSequenceClass;
  return floats(classes ? model.classify(model.pooled(batch, state)) : model.logits(model.forward(batch, state)));
}
inline nn::PaddedBatch one_row() { return {{{5, 6, 7, 8}}, {{1, 1, 1, 1}}, {}}; }

inline std::unique_ptr<models::Model> base(const std::string& name) {
  auto model = models::load_model(fixtures() / name, {.dtype = models::WeightType::kF32});
  model->make_trainable();
  return model;
}

// The gradient of each parameter of an adapter for the sum of the outputs of one pass.
inline std::vector<std::vector<float>> gradients(models::Model& model, Adapter& adapter, bool recompute) {
  std::vector<std::vector<float>> all;
  for (const nn::Parameter& p : adapter.parameters()) p.tensor->set_grad({});
  {
    const GradGuard tape(true);
    model.pass().recompute = recompute;
    nn::ForwardState state;
    adapter.extend(state);
    const nn::Packed texts = nn::pack({{5, 6, 7, 8}, {9, 10, 11}});
    nn::Encoded source;
    if (model.config().stack == nn::Stack::kEncoderDecoder)
      source = model.encode(texts, state), state.encoder = &source;
    backward(sum(activation(model.forward(texts, state), Activation::kTanh)));
  }
  for (const nn::Parameter& p : adapter.parameters())
    all.push_back(p.tensor->grad() ? floats(p.tensor->grad()) : std::vector<float>());
  return all;
}

inline double furthest(const std::vector<float>& a, const std::vector<float>& b) {
  double worst = a.size() == b.size() ? 0 : INFINITY;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    worst = std::max(worst, static_cast<double>(std::abs(a[i] - b[i])));
  return worst;
}

}  // namespace linnet
