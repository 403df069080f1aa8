#include "linnet/nn/embeddings.h"

#include <algorithm>

#include "linnet/base/error.h"

namespace linnet::nn {

Embeddings::Embeddings(const TransformerConfig& c)
    : vocab_(c.vocab),
      hidden_(c.hidden),
      max_positions_(c.max_positions),
      token_types_(c.token_types),
      learned_(c.positions == Positions::kLearned),
      dropout_(c.embedding_dropout) {
  if (c.embedding_norm) norm_ = NormLayer(c.norm, c.hidden, c.norm_eps);
}

Tensor Embeddings::tokens(const Packed& batch, const Pass& pass) const {
  const auto update = [&](const LoraDelta& lora, std::int64_t begin, std::int64_t end) {
    const auto ids =
        std::span(batch.ids).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
    return scale(linear(embedding(lora.a, ids), lora.b), lora.scale);
  };
  return with_lora(embedding(tokens_, batch.ids), pass.lora, this, update);
}

Tensor Embeddings::finish(Tensor x, const Packed& batch, const Pass& pass) const {
  if (learned_) {
    const auto longest =
        batch.positions.empty() ? 0 : *std::max_element(batch.positions.begin(), batch.positions.end());
    check(longest < max_positions_, "[embeddings] the text has {} tokens, the model's limit is {}; shorten it",
          longest + 1, max_positions_);
    x = add(x, embedding(positions_, batch.positions));
  }
  if (token_types_ > 0) {
    const std::vector<std::int32_t> zeros(batch.type_ids.empty() ? batch.ids.size() : 0, 0);
    x = add(x, embedding(types_, batch.type_ids.empty() ? zeros : batch.type_ids));
  }
  if (norm_) x = norm_(x);
  return pass.drop(x, dropout_, 0, Site::kEmbedding);
}

namespace {
// A table is a module with one tensor, named as in Hugging Face: "tokens.weight".
void visit_table(Visitor& v, std::string_view name, Tensor& table, const Shape& shape, Role role) {
  v.enter(name);
  v.tensor("weight", table, shape, role, Part::kWeight);
  v.leave();
}
}  // namespace

void Embeddings::visit(Visitor& v) {
  visit_table(v, "tokens", tokens_, {vocab_, hidden_}, Role::kTokenTable);
  if (learned_) visit_table(v, "positions", positions_, {max_positions_, hidden_}, Role::kPositionTable);
  if (token_types_ > 0) visit_table(v, "types", types_, {token_types_, hidden_}, Role::kTypeTable);
  if (norm_) visit_child(v, "norm", norm_, Role::kNorm);
}

}  // namespace linnet::nn
