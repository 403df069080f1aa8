#include "linnet/models/roles.h"

#include <algorithm>

#include "linnet/nn/transformer.h"

namespace linnet::models {

Roles::Roles(const TransformerConfig& config) {
  TransformerConfig c = config;
  c.layers = c.decoder_layers = 0;
  c.pooler = c.head_transform = c.classifier_bias = c.output_offset = true;
  c.classifier = ClassifierKind::kMlp;
  c.labels = {"one", "two"};
  for (const HeadKind head : {HeadKind::kMaskedLm, HeadKind::kPretraining, HeadKind::kSequenceClass,
                              HeadKind::kTokenClass, HeadKind::kQuestionAnswering})
    for (const bool tied : {false, true}) {
      c.head = head;
      c.tie_embeddings = tied;
      nn::Transformer transformer(c);
      for (nn::Parameter& p : nn::parameters(transformer)) {
        p.tensor = nullptr;
        if (find(p.name) == nullptr) parameters_.push_back(std::move(p));
      }
    }
}

const nn::Parameter* Roles::find(std::string_view ours) const {
  const auto at = std::find_if(parameters_.begin(), parameters_.end(), [&](const auto& p) { return p.name == ours; });
  return at == parameters_.end() ? nullptr : &*at;
}

std::optional<nn::Role> Roles::of(std::string_view ours) const {
  if (const nn::Parameter* p = find(ours)) return p->role;
  for (const nn::Parameter& p : parameters_)  // weights belong to one module; the bias of a tied output matrix does not
    if (p.part == nn::Part::kWeight && ours.starts_with(p.module() + ".")) return p.role;
  return std::nullopt;
}

const nn::Parameter& Roles::first(nn::Role role) const {
  const auto at = std::find_if(parameters_.begin(), parameters_.end(),
                               [&](const auto& p) { return p.role == role && p.part == nn::Part::kWeight; });
  LINNET_ASSERT(at != parameters_.end());
  return *at;
}

std::string Roles::weight(nn::Role role) const { return first(role).name; }
std::string Roles::module(nn::Role role) const { return first(role).module(); }

}  // namespace linnet::models
