// Multi-head attention over a packed batch: self or cross, with or without a KV cache, rotary or ALiBi positions,
// grouped key heads, learned prefixes.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "linnet/nn/config.h"
#include "linnet/nn/kv_cache.h"
#include "linnet/nn/linear.h"
#include "linnet/nn/norm.h"
#include "linnet/nn/packed.h"
#include "linnet/nn/relative_positions.h"

namespace linnet::nn {

// Learned keys and values of one layer, prepended to those of each sequence: [virtual tokens, kv_heads * head_dim].
struct PrefixKv {
  Tensor keys = {}, values = {};  // undefined: none
};

// Query rows and key rows of each sequence; `prefix` learned rows are prepended to its keys.
struct AttentionRows {
  AttentionRows() = default;
  // Start row of each sequence, and the end of the last one.
  AttentionRows(std::span<const std::int32_t> queries, std::span<const std::int32_t> keys, std::int64_t prefix);

  std::vector<AttentionSequence> sequences;
  std::vector<std::pair<std::int32_t, std::int32_t>> joined;  // (0 prefix | 1 text, row) of all keys; empty: the text's
};

// What scores depend on by distance, or undefined: see DistanceBias and RelativePositions.
struct Distances {
  Tensor bias = {}, relative = {};
};

// Rotary positions of a batch.
struct Rotation {
  RotaryTable table;
  std::vector<std::int32_t> rows;  // of the table, for each row of the batch
};

// Data of the batch for attention; built once per pass, read by every layer (and when backward recomputes one).
struct AttentionBatch {
  Packed rows;
  AttentionRows own;    // without a cache: the rows of each sequence
  AttentionRows cross;  // of a decoder with an encoder: its rows as queries, the encoder's as keys
  bool causal = false;
  std::optional<Rotation> rotation, window_rotation;  // the second one: of layers with a window, if theirs differs
  std::vector<float> alibi_slopes;
  RelativeRows relative;

  KvCache* cache = nullptr;
  std::span<KvCache::Sequence* const> cached;   // one per sequence of `rows`
  std::span<KvCache::Sequence* const> encoded;  // the same for cross attention; empty: it computes keys and values
};

// Slopes of ALiBi for any number of heads (Press et al., 2021; transformers' build_alibi_tensor).
std::vector<float> alibi_slopes(std::int64_t heads);

class Attention {
 public:
  Attention() = default;  // absent: contextually false
  // `layer` selects what differs between layers: the window and the rotary positions.
  explicit Attention(const TransformerConfig& config, std::int64_t layer = 0);
  explicit operator bool() const { return heads_ > 0; }

  // x [rows, hidden] -> [rows, hidden]; with `wanted` rows (ascending) only those. In a causal stack they are the last
  // ones of their sequence.
  Tensor operator()(const Tensor& x, const PrefixKv& prefix, std::int64_t layer, const AttentionBatch& batch,
                    const Pass& pass, std::span<const std::int32_t> wanted = {}, const Distances& distances = {}) const;
  // Cross attention: keys and values from another stack's rows, or those that `store_encoded` kept.
  Tensor cross(const Tensor& x, const Tensor& source, const PrefixKv& prefix, std::int64_t layer,
               const AttentionBatch& batch, const Pass& pass) const;
  // Stores the keys and values of cross attention after the (reserved) sequences' lengths; sequence s has the rows of
  // `source` from starts[s] on.
  void store_encoded(const Tensor& source, std::span<const std::int32_t> starts, std::int64_t layer,
                     const KvCache& cache, std::span<KvCache::Sequence* const> sequences, const Pass& pass) const;
  void visit(Visitor& v);

 private:
  struct Heads {
    Tensor q, k, v;  // [rows, heads, head_dim], possibly strided
  };
  Tensor split(const Tensor& projected, std::int64_t heads, const NormLayer& norm = {}) const;
  Heads project(const Tensor& x, std::span<const std::int32_t> wanted, const Pass& pass) const;
  Tensor cached(const Heads& heads, std::int64_t layer, const AttentionBatch& batch,
                std::span<const std::int32_t> wanted, AttentionOptions options) const;
  void put_before(const PrefixKv& prefix, const AttentionRows& rows, Heads& heads) const;
  AttentionOptions options(std::int64_t layer, const Pass& pass) const;
  void add_relative(const Tensor& relative, const Heads& heads, std::int64_t layer, const AttentionBatch& batch,
                    const Pass& pass, AttentionOptions& options) const;
  void rotate(Heads& heads, const AttentionBatch& batch, std::span<const std::int32_t> wanted) const;

  std::int64_t heads_ = 0, kv_heads_ = 0, head_dim_ = 0;
  Qkv layout_ = Qkv::kSeparate;
  AttentionScale scale_ = AttentionScale::kHeadDim;
  double multiplier_ = 1, dropout_ = 0, softcap_ = 0, relative_dropout_ = 0;
  std::int64_t scale_dim_ = 0, window_ = 0;  // window: of self attention; 0: it sees all keys
  bool rotates_ = false, relative_keys_ = false, relative_queries_ = false;
  Linear query_, key_, value_, qkv_, output_;
  Linear position_query_, position_key_;  // of relative positions; absent: the ones of contents
  NormLayer query_norm_, key_norm_;       // over a head or all heads
};

}  // namespace linnet::nn
