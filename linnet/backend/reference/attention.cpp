#include <algorithm>
#include <cmath>
#include <vector>

#include "linnet/backend/reference/reference.h"
#include "linnet/tensor/half.h"

namespace linnet {
namespace {

enum class Block : std::uint8_t { kKeys, kValues };

std::int64_t index_in(Block block, DType type, std::int64_t head, std::int64_t position, std::int64_t d,
                      std::int64_t head_dim) {
  const auto place = block == Block::kKeys ? key_place : value_place;
  return head * kKvBlock * head_dim + place(type, head_dim, position % kKvBlock, d);
}

// A key's or value's head as floats, from dense rows or from a cache block.
struct Source {
  Block block;
  const float* dense;
  std::int64_t stride, head_stride;
  const void* const* blocks;
  DType type;
  std::int64_t head_dim;

  float at(std::int64_t begin, std::int64_t j, std::int64_t head, std::int64_t d) const {
    if (blocks == nullptr) return dense[(begin + j) * stride + head * head_stride + d];
    const std::int64_t index = index_in(block, type, head, j, d, head_dim);
    const void* stored = blocks[j / kKvBlock];
    return type == DType::kF32 ? static_cast<const float*>(stored)[index]
                               : bfloat_to_float(static_cast<const std::uint16_t*>(stored)[index]);
  }
};

Source keys_of(const AttentionArgs& a, const AttentionSequence& s) {
  return {Block::kKeys, a.k, a.k_stride, a.k_head_stride, s.k_blocks, a.kv_type, a.head_dim};
}
Source values_of(const AttentionArgs& a, const AttentionSequence& s) {
  return {Block::kValues, a.v, a.v_stride, a.v_head_stride, s.v_blocks, a.kv_type, a.head_dim};
}

// The keys that query i sees.
struct Seen {
  std::int64_t first, count;
};
Seen seen(const AttentionArgs& a, const AttentionSequence& s, std::int64_t i) {
  if (!a.causal && a.window == 0) return {0, s.kv_len};  // also queries of another text, which may be longer
  const std::int64_t position = s.kv_len - s.q_len + i;
  const std::int64_t after = a.causal ? 1 : a.window;
  const std::int64_t first = a.window > 0 ? std::max<std::int64_t>(0, position - a.window + 1) : 0;
  return {first, std::max<std::int64_t>(0, std::min(s.kv_len, position + after) - first)};
}

std::int64_t bias_index(const AttentionArgs& a, const AttentionSequence& s, std::int64_t i, std::int64_t j) {
  const std::int64_t distance = j - (s.kv_len - s.q_len + i);
  return std::clamp(distance, -a.distance_reach, a.distance_reach) + a.distance_reach;
}

// Where the term of a query or a key is.
std::int64_t term_index(const RelativeTerms& t, std::int64_t h, std::int64_t rows, std::int64_t row,
                        std::int64_t distance) {
  return (h * rows + row) * t.count + t.buckets[distance + t.reach];
}

double bias_of(const AttentionArgs& a, const AttentionSequence& s, std::int64_t h, std::int64_t i, std::int64_t j) {
  double bias = 0;
  if (a.alibi_slopes != nullptr)
    bias += static_cast<double>(a.alibi_slopes[h]) * static_cast<double>(j - (s.kv_len - s.q_len + i));
  if (a.distance_bias != nullptr) bias += a.distance_bias[h * (2 * a.distance_reach + 1) + bias_index(a, s, i, j)];
  const std::int64_t distance = j - (s.kv_len - s.q_len + i);
  const RelativeTerms& t = a.relative;
  if (t.queries != nullptr) bias += t.queries[term_index(t, h, t.query_rows, s.q_begin + i, distance)];
  if (t.keys != nullptr) bias += t.keys[term_index(t, h, t.key_rows, s.kv_begin + j, distance)];
  return bias;
}

// The derivative of a capped score by the score.
double cap_slope(const AttentionArgs& a, double capped) {
  const double part = a.softcap > 0 ? capped / a.softcap : 0;
  return 1 - part * part;
}

// Scores of query i against the keys it sees, scaled, capped and biased.
std::vector<double> scores_of(const AttentionArgs& a, const AttentionSequence& s, std::int64_t i, std::int64_t h) {
  const Source keys = keys_of(a, s);
  const float* q = a.q + (s.q_begin + i) * a.q_stride + h * a.q_head_stride;
  const std::int64_t kv_head = h / (a.heads / a.kv_heads);
  const Seen visible = seen(a, s, i);
  std::vector<double> scores(static_cast<std::size_t>(visible.count));
  for (std::size_t j = 0; j < scores.size(); ++j) {
    const std::int64_t key = visible.first + static_cast<std::int64_t>(j);
    double dot = 0;
    for (std::int64_t d = 0; d < a.head_dim; ++d)
      dot += static_cast<double>(q[d]) * keys.at(s.kv_begin, key, kv_head, d);
    dot *= a.scale;
    if (a.softcap > 0) dot = a.softcap * std::tanh(dot / a.softcap);
    scores[j] = dot + bias_of(a, s, h, i, key);
  }
  return scores;
}

double log_sum(const std::vector<double>& scores) {
  const double most = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (const double x : scores) sum += std::exp(x - most);
  return most + std::log(sum);
}

// The dropout factor of a probability: 0 or 1 / (1 - p).
double mask_of(const AttentionArgs& a, std::int64_t row, std::int64_t h, std::int64_t j) {
  if (a.dropout == 0) return 1;
  const std::uint64_t number = static_cast<std::uint64_t>(row * a.heads + h) << 20 | static_cast<std::uint64_t>(j);
  const auto drawn = philox(a.dropout_key, number / 4)[number % 4];
  return drawn >= static_cast<std::uint64_t>(static_cast<double>(a.dropout) * 0x1p32)
             ? 1 / (1 - static_cast<double>(a.dropout))
             : 0;
}

template <class Body>
void for_each_query(const AttentionArgs& a, const Body& body) {
  for (std::int64_t n = 0; n < a.sequence_count; ++n)
    for (std::int64_t h = 0; h < a.heads; ++h)
      for (std::int64_t i = 0; i < a.sequences[n].q_len; ++i) body(a.sequences[n], h, i);
}

}  // namespace

void ReferenceBackend::attention(const AttentionArgs& a) {
  for_each_query(a, [&](const AttentionSequence& s, std::int64_t h, std::int64_t i) {
    const std::vector<double> scores = scores_of(a, s, i, h);
    const double total = log_sum(scores);
    const Source values = values_of(a, s);
    const std::int64_t row = s.q_begin + i, kv_head = h / (a.heads / a.kv_heads), first = seen(a, s, i).first;
    std::vector<double> sum(static_cast<std::size_t>(a.head_dim));
    for (std::size_t j = 0; j < scores.size(); ++j) {
      const std::int64_t key = first + static_cast<std::int64_t>(j);
      const double p = std::exp(scores[j] - total) * mask_of(a, row, h, key);
      for (std::int64_t d = 0; d < a.head_dim; ++d)
        sum[static_cast<std::size_t>(d)] += p * values.at(s.kv_begin, key, kv_head, d);
    }
    for (std::int64_t d = 0; d < a.head_dim; ++d)
      a.out[row * a.out_stride + h * a.head_dim + d] = static_cast<float>(sum[static_cast<std::size_t>(d)]);
    if (a.log_sum != nullptr) a.log_sum[row * a.heads + h] = static_cast<float>(total);
  });
}

namespace {

void store_value(const KvStoreArgs& a, void* block, std::int64_t at, float value) {
  if (a.type == DType::kF32)
    static_cast<float*>(block)[at] = value;
  else
    static_cast<std::uint16_t*>(block)[at] = float_to_bfloat(value);
}

}  // namespace

void ReferenceBackend::kv_store(const KvStoreArgs& a) {
  for (std::int64_t row = 0; row < a.rows; ++row) {
    const std::int64_t position = a.position + row, block = position / kKvBlock;
    for (std::int64_t head = 0; head < a.kv_heads; ++head)
      for (std::int64_t d = 0; d < a.head_dim; ++d) {
        const auto place = [&](Block what, std::int64_t at) { return index_in(what, a.type, head, at, d, a.head_dim); };
        store_value(a, a.k_blocks[block], place(Block::kKeys, position),
                    a.k[row * a.k_stride + head * a.k_head_stride + d]);
        store_value(a, a.v_blocks[block], place(Block::kValues, position),
                    a.v[row * a.v_stride + head * a.v_head_stride + d]);
        if (a.type == DType::kBF16 && position % 2 == 0)
          store_value(a, a.v_blocks[block], place(Block::kValues, position + 1), 0);
      }
  }
}

void ReferenceBackend::attention_grad(const AttentionGradArgs& g) {
  const AttentionArgs& a = g.forward;
  for_each_query(a, [&](const AttentionSequence& s, std::int64_t h, std::int64_t i) {
    const std::int64_t row = s.q_begin + i, kv_head = h / (a.heads / a.kv_heads), first = seen(a, s, i).first;
    const std::vector<double> scores = scores_of(a, s, i, h);
    const double total = a.log_sum[row * a.heads + h];
    const float* dout = g.dout + row * a.out_stride + h * a.head_dim;
    const float* out = a.out + row * a.out_stride + h * a.head_dim;
    const float* q = a.q + row * a.q_stride + h * a.q_head_stride;
    float* dq = g.dq + row * a.q_stride + h * a.q_head_stride;
    double delta = 0;  // sum over keys of p dp, which is dout · out
    for (std::int64_t d = 0; d < a.head_dim; ++d) delta += static_cast<double>(dout[d]) * out[d];
    std::vector<double> sum(static_cast<std::size_t>(a.head_dim));
    for (std::size_t j = 0; j < scores.size(); ++j) {
      const std::int64_t key = first + static_cast<std::int64_t>(j);
      const float* k = a.k + (s.kv_begin + key) * a.k_stride + kv_head * a.k_head_stride;
      const float* v = a.v + (s.kv_begin + key) * a.v_stride + kv_head * a.v_head_stride;
      float* dk = g.dk + (s.kv_begin + key) * a.k_stride + kv_head * a.k_head_stride;
      float* dv = g.dv + (s.kv_begin + key) * a.v_stride + kv_head * a.v_head_stride;
      const double p = std::exp(scores[j] - total), mask = mask_of(a, row, h, key);
      double dp = 0;
      for (std::int64_t d = 0; d < a.head_dim; ++d) {
        dp += static_cast<double>(dout[d]) * v[d];
        dv[d] += static_cast<float>(p * mask * dout[d]);
      }
      const double ds = p * (dp * mask - delta);
      const double dot = ds * a.scale * cap_slope(a, scores[j] - bias_of(a, s, h, i, key));
      for (std::int64_t d = 0; d < a.head_dim; ++d) {
        sum[static_cast<std::size_t>(d)] += dot * k[d];
        dk[d] += static_cast<float>(dot * q[d]);
      }
      const std::int64_t distance = key - (s.kv_len - s.q_len + i);
      const RelativeTerms& t = a.relative;
      if (g.drelative_queries != nullptr)
        g.drelative_queries[term_index(t, h, t.query_rows, row, distance)] += static_cast<float>(ds);
      if (g.drelative_keys != nullptr)
        g.drelative_keys[term_index(t, h, t.key_rows, s.kv_begin + key, distance)] += static_cast<float>(ds);
      if (g.ddistance_bias != nullptr)
        g.ddistance_bias[h * (2 * a.distance_reach + 1) + bias_index(a, s, i, key)] += static_cast<float>(ds);
    }
    for (std::int64_t d = 0; d < a.head_dim; ++d) dq[d] = static_cast<float>(sum[static_cast<std::size_t>(d)]);
  });
}

}  // namespace linnet
