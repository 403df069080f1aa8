#include "linnet/nn/block.h"

namespace linnet::nn {

Block::Norms Block::norms_of(const TransformerConfig& c) {
  const NormLayer norm(c, c.hidden);
  return {norm, c.norm_place == NormPlace::kBoth ? norm : NormLayer()};
}

Block::Block(const TransformerConfig& c, Cross cross, std::int64_t layer)
    : place_(c.norm_place),
      residual_(c.residual),
      residual_scale_(c.residual_scale),
      attention_dropout_(c.hidden_dropout),
      ffn_dropout_(c.drops_feed_forward ? c.hidden_dropout : 0),
      attention_norms_(norms_of(c)),
      ffn_norms_(norms_of(c)),
      attention_(c, layer),
      ffn_(c) {
  if (layer == 0 && !c.first_attention_norm) attention_norms_.in = NormLayer();
  if (cross == Cross::kNone) return;
  cross_norms_ = norms_of(c);
  cross_attention_ = Attention(c, layer);
}

Tensor Block::added(const Tensor& made, double dropout, std::int64_t layer, Site site, const Pass& pass) const {
  const Tensor kept = pass.drop(made, dropout, layer, site);
  return residual_scale_ == 1 ? kept : scale(kept, static_cast<float>(residual_scale_));
}

// Pre-norm: r + part(norm(x)), where r is x (or norm(x) in old BLOOMs). Post-norm: norm(x + part(x)). Norms of outputs:
// x + norm(part(x)). Both: x + norm(part(norm(x))).
template <class Part>
Tensor Block::apply(const Tensor& x, const Norms& norms, std::int64_t layer, Site site, double dropout,
                    const Pass& pass, const Part& part, std::span<const std::int32_t> wanted) const {
  const bool before = place_ == NormPlace::kBefore || place_ == NormPlace::kBoth;
  const Tensor seen = before && norms.in ? norms.in(x) : x, kept = residual_ == Residual::kNormed ? seen : x;
  const Tensor result = part(seen);
  const Tensor made = place_ == NormPlace::kOutput ? norms.in(result) : norms.out ? norms.out(result) : result;
  const Tensor sum = add(wanted.empty() ? kept : gather_rows(kept, wanted), added(made, dropout, layer, site, pass));
  return place_ == NormPlace::kAfter ? norms.in(sum) : sum;
}

// x + attention(norm(x)) + ffn(norm(x)), each with its own norm.
Tensor Block::parallel(const BlockInput& in, const AttentionBatch& batch, const Pass& pass,
                       std::span<const std::int32_t> wanted) const {
  const Pass asked = wanted.empty() ? pass : pass.over(wanted);
  const Tensor x = wanted.empty() ? in.x : gather_rows(in.x, wanted);
  const Tensor attended =
      attention_(attention_norms_.in(in.x), in.prefix, in.layer, batch, pass, wanted, {in.distance_bias, in.relative});
  const Tensor fed = ffn_(ffn_norms_.in(x), in.layer, asked);
  return add(add(added(fed, ffn_dropout_, in.layer, Site::kFeedForward, asked),
                 added(attended, attention_dropout_, in.layer, Site::kAttentionOutput, asked)),
             x);
}

Tensor Block::operator()(const BlockInput& in, const AttentionBatch& batch, const Pass& pass,
                         std::span<const std::int32_t> wanted) const {
  if (residual_ == Residual::kParallel) return parallel(in, batch, pass, wanted);
  Tensor x = apply(
      in.x, attention_norms_, in.layer, Site::kAttentionOutput, attention_dropout_, pass,
      [&](const Tensor& seen) {
        return attention_(seen, in.prefix, in.layer, batch, pass, wanted, {in.distance_bias, in.relative});
      },
      wanted);
  if (cross_attention_)
    x = apply(x, cross_norms_, in.layer, Site::kCrossOutput, attention_dropout_, pass, [&](const Tensor& seen) {
      return cross_attention_.cross(seen, in.source, in.cross_prefix, in.layer, batch, pass);
    });
  const Pass asked = wanted.empty() ? pass : pass.over(wanted);
  return apply(x, ffn_norms_, in.layer, Site::kFeedForward, ffn_dropout_, asked,
               [&](const Tensor& seen) { return ffn_(seen, in.layer, asked); });
}

void Block::store_encoded(const Tensor& source, std::span<const std::int32_t> starts, std::int64_t layer,
                          const KvCache& cache, std::span<KvCache::Sequence* const> sequences, const Pass& pass) const {
  cross_attention_.store_encoded(source, starts, layer, cache, sequences, pass);
}

void Block::visit(Visitor& v) {
  if (attention_norms_.in) visit_child(v, "attention_norm", attention_norms_.in, Role::kNorm);
  visit_child(v, "attention", attention_);
  if (attention_norms_.out) visit_child(v, "attention_output_norm", attention_norms_.out, Role::kNorm);
  if (cross_attention_) {
    visit_child(v, "cross_norm", cross_norms_.in, Role::kNorm);
    visit_child(v, "cross_attention", cross_attention_);
    if (cross_norms_.out) visit_child(v, "cross_output_norm", cross_norms_.out, Role::kNorm);
  }
  visit_child(v, "ffn_norm", ffn_norms_.in, Role::kNorm);
  visit_child(v, "ffn", ffn_);
  if (ffn_norms_.out) visit_child(v, "ffn_output_norm", ffn_norms_.out, Role::kNorm);
}

}  // namespace linnet::nn
