#include "linnet/nn/embeddings.h"

#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/tensor/half.h"

namespace linnet::nn {

namespace {

float rounded(double scale, DType type) {
  const auto value = static_cast<float>(scale);
  if (type == DType::kBF16) return bfloat_to_float(float_to_bfloat(value));
  return type == DType::kF16 ? half_to_float(float_to_half(value)) : value;
}

}  // namespace

Embeddings::Embeddings(const TransformerConfig& c, Tokens tokens)
    : vocab_(c.vocab),
      token_width_(c.embedding_width()),
      max_positions_(c.max_positions),
      position_offset_(c.position_offset),
      token_types_(c.token_types),
      width_(c.token_projection ? c.hidden : c.embedding_width()),
      kind_(tokens),
      learned_(c.positions == Positions::kLearned),
      fixed_(c.fixed_positions),
      padding_has_no_position_(c.padding_has_no_position),
      scale_(c.embedding_scale),
      input_scale_(c.input_scale),
      rounds_scale_(c.rounds_embedding_scale),
      dropout_(c.embedding_dropout) {
  if (c.embedding_norm) norm_ = NormLayer(c, width_);
  if (c.token_projection) token_projection_ = Linear(token_width_, c.hidden, false);
  if (c.embedding_projection) projection_ = Linear(width_, c.hidden, true);
}

Tensor Embeddings::tokens(const Packed& batch, const Pass& pass) const {
  const auto update = [&](const LoraDelta& lora, std::int64_t begin, std::int64_t end) {
    const auto ids =
        std::span(batch.ids).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
    return scale(linear(embedding(lora.a, ids), lora.b), lora.scale);
  };
  const Tensor rows = with_lora(embedding(tokens_, batch.ids), pass.lora, this, update);
  return scale_ == 1 ? rows : scale(rows, rounded(scale_, rounds_scale_ ? tokens_.dtype() : DType::kF32));
}

// Padding inside a text is not counted, except behind a soft prompt: there the reference libraries have no ids.
std::vector<std::int32_t> Embeddings::position_rows(const Packed& batch) const {
  std::vector<std::int32_t> rows = batch.positions;
  for (std::int32_t& row : rows) row += static_cast<std::int32_t>(position_offset_);
  for (std::int64_t s = 0; padding_has_no_position_ && s < batch.sequences(); ++s) {
    const auto begin = batch.ids.begin() + batch.starts[static_cast<std::size_t>(s)], end = begin + batch.length(s);
    if (std::find(begin, end, kNoToken) != end) continue;
    std::int32_t padding = 0;
    for (auto id = begin; id != end; ++id) {
      std::int32_t& row = rows[static_cast<std::size_t>(id - batch.ids.begin())];
      const bool pads = *id == position_offset_ - 1;
      row = pads ? *id : row - padding;
      padding += pads ? 1 : 0;
    }
  }
  return rows;
}

Tensor Embeddings::finish(Tensor x, const Packed& batch, const Pass& pass) const {
  if (input_scale_ != 1) x = scale(x, static_cast<float>(input_scale_));
  if (token_projection_) x = token_projection_(x, pass);
  if (learned_) {
    const auto longest =
        batch.positions.empty() ? 0 : *std::max_element(batch.positions.begin(), batch.positions.end());
    check(longest < max_positions_, "[embeddings] the text has {} tokens, the model's limit is {}; shorten it",
          longest + 1, max_positions_);
    x = add(x, embedding(positions_, position_rows(batch)));
  }
  if (token_types_ > 0) {
    const std::vector<std::int32_t> zeros(batch.type_ids.empty() ? batch.ids.size() : 0, 0);
    x = add(x, embedding(types_, batch.type_ids.empty() ? zeros : batch.type_ids));
  }
  if (norm_) x = norm_(x);
  x = pass.drop(x, dropout_, 0, Site::kEmbedding);
  return projection_ ? projection_(x, pass) : x;
}

namespace {
// A table is a module with one tensor, named as in Hugging Face: "tokens.weight".
void visit_table(Visitor& v, std::string_view name, Tensor& table, const Shape& shape, Role role,
                 Part part = Part::kWeight) {
  v.enter(name);
  v.tensor("weight", table, shape, role, part);
  v.leave();
}
}  // namespace

void Embeddings::visit(Visitor& v) {
  if (kind_ == Tokens::kOwn) visit_table(v, "tokens", tokens_, {vocab_, token_width_}, Role::kTokenTable);
  if (token_projection_) visit_child(v, "token_projection", token_projection_, Role::kProjection);
  if (learned_)
    visit_table(v, "positions", positions_, {position_offset_ + max_positions_, width_}, Role::kPositionTable,
                fixed_ ? Part::kBuffer : Part::kWeight);
  if (token_types_ > 0) visit_table(v, "types", types_, {token_types_, width_}, Role::kTypeTable);
  if (norm_) visit_child(v, "norm", norm_, Role::kNorm);
  if (projection_) visit_child(v, "projection", projection_, Role::kProjection);
}

}  // namespace linnet::nn
