#include "linnet/nn/attention.h"

#include <cmath>

#include "linnet/base/error.h"
#include "linnet/base/parallel.h"

namespace linnet::nn {
namespace {

// Restricts the queries of each sequence to the wanted rows: its last ones or, if not causal, any one. Empty: all rows.
std::vector<AttentionSequence> with_queries(std::vector<AttentionSequence> sequences, const Packed& rows,
                                            std::span<const std::int32_t> wanted) {
  std::size_t at = 0;
  for (std::size_t s = 0; s < sequences.size() && !wanted.empty(); ++s) {
    const std::size_t begin = at;
    while (at < wanted.size() && wanted[at] < rows.starts[s + 1]) ++at;
    sequences[s].q_begin = static_cast<std::int64_t>(begin);
    sequences[s].q_len = static_cast<std::int64_t>(at - begin);
  }
  return sequences;
}

enum class NewRows : std::uint8_t { kStored, kNone };  // of a batch, after the length of each cached sequence

// The blocks of one layer for the kernel.
struct CachedKeys {
  std::vector<const void*> k, v;
  std::vector<AttentionSequence> sequences;  // queries are the rows of each sequence, or of adjacent ones with its keys
};
CachedKeys cached_keys(const KvCache& cache, std::span<KvCache::Sequence* const> cached, std::int64_t layer,
                       const Packed& rows, NewRows news) {
  CachedKeys keys;
  std::vector<std::size_t> first;
  for (std::int64_t s = 0; s < rows.sequences(); ++s) {
    const KvCache::Sequence& sequence = *cached[static_cast<std::size_t>(s)];
    const std::int64_t n = rows.length(s);
    if (news == NewRows::kNone && s > 0 && &sequence == cached[static_cast<std::size_t>(s - 1)]) {
      keys.sequences.back().q_len += n;  // beams read one text: its keys are read once for all of them
      continue;
    }
    first.push_back(keys.k.size());
    cache.block_pointers(sequence, layer, keys.k, keys.v);
    keys.sequences.push_back({rows.starts[static_cast<std::size_t>(s)], n, 0,
                              sequence.length() + (news == NewRows::kStored ? n : 0), nullptr, nullptr});
  }
  for (std::size_t s = 0; s < keys.sequences.size(); ++s) {
    keys.sequences[s].k_blocks = keys.k.data() + first[s];
    keys.sequences[s].v_blocks = keys.v.data() + first[s];
  }
  return keys;
}

}  // namespace

AttentionRows::AttentionRows(std::span<const std::int32_t> queries, std::span<const std::int32_t> keys,
                             std::int64_t prefix) {
  for (std::size_t s = 0; s + 1 < keys.size(); ++s) {
    const std::int64_t before = static_cast<std::int64_t>(s) * prefix;
    sequences.push_back(
        {queries[s], queries[s + 1] - queries[s], keys[s] + before, keys[s + 1] - keys[s] + prefix, nullptr, nullptr});
    if (prefix == 0) continue;
    for (std::int64_t i = 0; i < prefix; ++i) joined.emplace_back(0, static_cast<std::int32_t>(i));
    for (std::int32_t row = keys[s]; row < keys[s + 1]; ++row) joined.emplace_back(1, row);
  }
}

std::vector<float> alibi_slopes(std::int64_t heads) {
  std::int64_t power = 1;
  while (power * 2 <= heads) power *= 2;
  const auto base_of = [](std::int64_t n) {
    return std::pow(2.0, -std::pow(2.0, -(std::log2(static_cast<double>(n)) - 3)));
  };
  std::vector<float> slopes;
  for (std::int64_t i = 1; i <= power; ++i)
    slopes.push_back(static_cast<float>(std::pow(base_of(power), static_cast<double>(i))));
  for (std::int64_t i = 0; i < heads - power; ++i)
    slopes.push_back(static_cast<float>(std::pow(base_of(2 * power), static_cast<double>(2 * i + 1))));
  return slopes;
}

Attention::Attention(const TransformerConfig& c, std::int64_t layer)
    : heads_(c.heads),
      kv_heads_(c.kv_heads),
      head_dim_(c.head_dim),
      layout_(c.qkv),
      scale_(c.attention_scale),
      multiplier_(c.attention_multiplier),
      dropout_(c.attention_dropout),
      softcap_(c.attention_softcap),
      relative_dropout_(c.hidden_dropout),
      scale_dim_(c.attention_scale_dim > 0 ? c.attention_scale_dim : c.head_dim),
      window_(c.window_of(layer)),
      rotates_(c.rotates(layer)),
      relative_keys_(c.relative_span > 0 && c.relative_keys),
      relative_queries_(c.relative_span > 0 && c.relative_queries) {
  const std::int64_t q = heads_ * head_dim_, kv = kv_heads_ * head_dim_;
  if (layout_ == Qkv::kSeparate) {
    query_ = Linear(c.hidden, q, c.attention_bias, c.weight_layout);
    key_ = Linear(c.hidden, kv, c.attention_bias, c.weight_layout);
    value_ = Linear(c.hidden, kv, c.attention_bias, c.weight_layout);
  } else {
    qkv_ = Linear(c.hidden, q + 2 * kv, c.attention_bias, c.weight_layout);
  }
  if (c.query_key_norm != QueryKeyNorm::kNone) {
    const bool each = c.query_key_norm == QueryKeyNorm::kHead;
    query_norm_ = NormLayer(c, each ? head_dim_ : q);
    key_norm_ = NormLayer(c, each ? head_dim_ : kv);
  }
  if (relative_keys_ && !c.relative_shares) position_key_ = Linear(c.hidden, kv, c.attention_bias);
  if (relative_queries_ && !c.relative_shares) position_query_ = Linear(c.hidden, q, c.attention_bias);
  output_ = Linear(q, c.hidden, c.attention_output_bias, c.weight_layout);
}

void Attention::visit(Visitor& v) {
  if (layout_ == Qkv::kSeparate) {
    visit_child(v, "query", query_, Role::kQuery);
    visit_child(v, "key", key_, Role::kKey);
    visit_child(v, "value", value_, Role::kValue);
  } else {
    visit_child(v, "qkv", qkv_, Role::kQkv);
  }
  if (query_norm_) {
    visit_child(v, "query_norm", query_norm_, Role::kNorm);
    visit_child(v, "key_norm", key_norm_, Role::kNorm);
  }
  if (position_query_) visit_child(v, "position_query", position_query_, Role::kQuery);
  if (position_key_) visit_child(v, "position_key", position_key_, Role::kKey);
  visit_child(v, "output", output_, Role::kAttentionOutput);
}

Tensor Attention::split(const Tensor& projected, std::int64_t heads, const NormLayer& norm) const {
  const std::int64_t count = projected.size(0);
  if (!norm) return linnet::reshape(projected, {count, heads, head_dim_});
  return linnet::reshape(norm(linnet::reshape(projected, {count * heads * head_dim_ / norm.size(), norm.size()})),
                         {count, heads, head_dim_});
}

Attention::Heads Attention::project(const Tensor& x, std::span<const std::int32_t> wanted, const Pass& pass) const {
  const std::int64_t rows = x.size(0);
  if (layout_ == Qkv::kSeparate) {
    if (wanted.empty()) {
      const auto all = Linear::together({&query_, &key_, &value_}, x, pass);
      return {split(all[0], heads_, query_norm_), split(all[1], kv_heads_, key_norm_), split(all[2], kv_heads_)};
    }
    const Tensor queries = query_(gather_rows(x, wanted), pass.over(wanted));
    const auto both = Linear::together({&key_, &value_}, x, pass);
    return {split(queries, heads_, query_norm_), split(both[0], kv_heads_, key_norm_), split(both[1], kv_heads_)};
  }
  const Tensor joined = qkv_(x, pass);
  const auto part = [&](std::int64_t index) {
    if (layout_ == Qkv::kPerHead) return view_select(joined, {rows, heads_, 3, head_dim_}, 2, index);
    const std::int64_t before = index == 0 ? 0 : heads_ + (index - 1) * kv_heads_;
    return view_slice(joined, {rows, heads_ + 2 * kv_heads_, head_dim_}, 1, before,
                      before + (index == 0 ? heads_ : kv_heads_));
  };
  if (wanted.empty()) return {part(0), part(1), part(2)};
  const Tensor queries = gather_rows(linnet::reshape(contiguous(part(0)), {rows, heads_ * head_dim_}), wanted);
  return {linnet::reshape(queries, {queries.size(0), heads_, head_dim_}), part(1), part(2)};
}

AttentionOptions Attention::options(std::int64_t layer, const Pass& pass) const {
  AttentionOptions o;
  o.scale = static_cast<float>(multiplier_);
  const bool by_head = scale_ == AttentionScale::kHeadDim || scale_ == AttentionScale::kHeadDimAndLayer;
  const bool by_layer = scale_ == AttentionScale::kLayer || scale_ == AttentionScale::kHeadDimAndLayer;
  if (by_head) o.scale /= std::sqrt(static_cast<float>(scale_dim_));
  if (by_layer) o.scale /= static_cast<float>(layer + 1);
  o.scale /= std::sqrt(static_cast<float>(1 + (relative_keys_ ? 1 : 0) + (relative_queries_ ? 1 : 0)));
  o.softcap = static_cast<float>(softcap_);
  if (pass.training && dropout_ > 0) {
    o.dropout = static_cast<float>(dropout_);
    o.dropout_key = pass.key(layer, Site::kAttention);
  }
  return o;
}

// Scores of contents and positions: of a query with the key of a position, of a key with the query of a position.
void Attention::add_relative(const Tensor& relative, const Heads& heads, std::int64_t layer,
                             const AttentionBatch& batch, const Pass& pass, AttentionOptions& o) const {
  check(batch.own.joined.empty() && batch.cache == nullptr,
        "[attention] relative positions have no prefix and no cache");
  const bool whole =
      pass.lora.empty() || (pass.lora.size() == 1 && pass.lora[0].begin == 0 && pass.lora[0].end == LoraRows::kAll);
  check(whole, "[attention] relative positions belong to no sequence, so an adapter of some sequences has none");
  const Tensor rows = pass.drop(relative, relative_dropout_, layer, Site::kRelative);
  const auto projected = [&](const Linear& linear) {
    return split(linnet::scale(linear(rows, pass), o.scale), heads_);
  };
  if (relative_keys_) o.relative_queries = head_scores(heads.q, projected(position_key_ ? position_key_ : key_));
  if (relative_queries_) o.relative_keys = head_scores(heads.k, projected(position_query_ ? position_query_ : query_));
  o.relative_buckets = batch.relative.buckets;
  o.relative_reach = batch.relative.reach;
}

void Attention::put_before(const PrefixKv& prefix, const AttentionRows& rows, Heads& heads) const {
  if (rows.joined.empty()) return;
  const auto joined = [&](const Tensor& learned, const Tensor& own) {
    const Tensor flat = linnet::reshape(contiguous(own), {own.size(0), kv_heads_ * head_dim_});
    const Tensor all = interleave_rows({learned, flat}, rows.joined);
    return linnet::reshape(all, {all.size(0), kv_heads_, head_dim_});
  };
  heads.k = joined(prefix.keys, heads.k);
  heads.v = joined(prefix.values, heads.v);
}

void Attention::rotate(Heads& heads, const AttentionBatch& batch, std::span<const std::int32_t> wanted) const {
  const Rotation& rotation = window_ > 0 && batch.window_rotation ? *batch.window_rotation : batch.rotation.value();
  std::vector<std::int32_t> rows;
  for (const std::int32_t row : wanted) rows.push_back(rotation.rows[static_cast<std::size_t>(row)]);
  heads.q = rotary(heads.q, rotation.table, wanted.empty() ? rotation.rows : rows);
  heads.k = rotary(heads.k, rotation.table, rotation.rows);
}

Tensor Attention::operator()(const Tensor& x, const PrefixKv& prefix, std::int64_t layer, const AttentionBatch& batch,
                             const Pass& pass, std::span<const std::int32_t> wanted, const Distances& distances) const {
  Heads heads = project(x, wanted, pass);
  if (rotates_) rotate(heads, batch, wanted);
  AttentionOptions o = options(layer, pass);
  o.causal = batch.causal;
  o.window = window_;
  o.alibi_slopes = batch.alibi_slopes;
  if (distances.bias) {
    o.distance_bias = distances.bias;
    o.distance_reach = (distances.bias.size(1) - 1) / 2;
  }
  if (distances.relative) add_relative(distances.relative, heads, layer, batch, pass, o);
  const Pass asked = wanted.empty() ? pass : pass.over(wanted);
  if (batch.cache != nullptr) return output_(cached(heads, layer, batch, wanted, o), asked);
  put_before(prefix, batch.own, heads);
  const auto sequences = with_queries(batch.own.sequences, batch.rows, wanted);
  return output_(attention(heads.q, heads.k, heads.v, sequences, kv_heads_, o), asked);
}

Tensor Attention::cached(const Heads& heads, std::int64_t layer, const AttentionBatch& batch,
                         std::span<const std::int32_t> wanted, AttentionOptions o) const {
  const Packed& rows = batch.rows;
  o.kv_type = batch.cache->type();
  constexpr std::int64_t kStoredAtOnce = 16384;  // values per thread
  const std::int64_t each = 2 * kv_heads_ * head_dim_ * rows.rows() / std::max<std::int64_t>(1, rows.sequences());
  const std::int64_t grain = std::max<std::int64_t>(1, kStoredAtOnce / std::max<std::int64_t>(1, each));
  parallel_for(rows.sequences(), grain, [&](std::int64_t from, std::int64_t to) {
    for (std::int64_t s = from; s < to; ++s) {
      const std::int64_t begin = rows.starts[static_cast<std::size_t>(s)], end = begin + rows.length(s);
      batch.cache->store(*batch.cached[static_cast<std::size_t>(s)], layer, heads.k.slice(0, begin, end),
                         heads.v.slice(0, begin, end));
    }
  });
  const CachedKeys keys = cached_keys(*batch.cache, batch.cached, layer, rows, NewRows::kStored);
  return attention(heads.q, {}, {}, with_queries(keys.sequences, rows, wanted), kv_heads_, o);
}

Tensor Attention::cross(const Tensor& x, const Tensor& source, const PrefixKv& prefix, std::int64_t layer,
                        const AttentionBatch& batch, const Pass& pass) const {
  check(layout_ == Qkv::kSeparate, "[attention] cross attention needs separate projections");
  AttentionOptions o = options(layer, pass);
  Heads heads{split(query_(x, pass), heads_), {}, {}};
  if (!batch.encoded.empty()) {
    o.kv_type = batch.cache->type();
    const CachedKeys keys = cached_keys(*batch.cache, batch.encoded, layer, batch.rows, NewRows::kNone);
    return output_(attention(heads.q, {}, {}, keys.sequences, kv_heads_, o), pass);
  }
  heads.k = split(key_(source, pass), kv_heads_);
  heads.v = split(value_(source, pass), kv_heads_);
  put_before(prefix, batch.cross, heads);
  return output_(attention(heads.q, heads.k, heads.v, batch.cross.sequences, kv_heads_, o), pass);
}

void Attention::store_encoded(const Tensor& source, std::span<const std::int32_t> starts, std::int64_t layer,
                              const KvCache& cache, std::span<KvCache::Sequence* const> sequences,
                              const Pass& pass) const {
  const Tensor k = split(key_(source, pass), kv_heads_), v = split(value_(source, pass), kv_heads_);
  for (std::size_t s = 0; s < sequences.size(); ++s)
    cache.store(*sequences[s], layer, k.slice(0, starts[s], starts[s + 1]), v.slice(0, starts[s], starts[s + 1]));
}

}  // namespace linnet::nn
