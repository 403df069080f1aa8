#include <vector>

#include "linnet/ops/internal.h"

namespace linnet {
namespace {

struct Kept {  // owns the data of the options' spans for the backward pass
  Tensor q, k, v, out, log_sum;
  std::vector<AttentionSequence> sequences;
  std::vector<float> slopes;
  std::vector<std::int32_t> buckets;
  AttentionOptions options;
  std::int64_t kv_heads;
};

AttentionArgs arguments(const Tensor& q, const Tensor& k, const Tensor& v, std::span<const AttentionSequence> sequences,
                        std::int64_t kv_heads, const AttentionOptions& o, std::span<const float> slopes) {
  AttentionArgs a{};
  a.q = strided(q), a.k = strided(k), a.v = strided(v);
  a.q_stride = q.stride(0), a.q_head_stride = q.stride(1);
  if (k) a.k_stride = k.stride(0), a.k_head_stride = k.stride(1);
  if (v) a.v_stride = v.stride(0), a.v_head_stride = v.stride(1);
  a.kv_type = o.kv_type;
  a.sequences = sequences.data();
  a.sequence_count = static_cast<std::int64_t>(sequences.size());
  a.heads = q.size(1), a.kv_heads = kv_heads, a.head_dim = q.size(2);
  a.scale = o.scale, a.causal = o.causal;
  a.alibi_slopes = slopes.empty() ? nullptr : slopes.data();
  a.distance_bias = in(o.distance_bias), a.distance_reach = o.distance_reach;
  if (o.relative_queries || o.relative_keys)
    a.relative = {.queries = in(o.relative_queries),
                  .keys = in(o.relative_keys),
                  .query_rows = o.relative_queries ? o.relative_queries.size(1) : 0,
                  .key_rows = o.relative_keys ? o.relative_keys.size(1) : 0,
                  .count = (o.relative_queries ? o.relative_queries : o.relative_keys).size(2),
                  .buckets = o.relative_buckets.data(),
                  .reach = o.relative_reach};
  a.window = o.window, a.softcap = o.softcap;
  a.dropout = o.dropout, a.dropout_key = o.dropout_key;
  return a;
}

// Terms of relative positions: one per row and head, a bucket for every distance.
void check_relative(const Tensor& q, const Tensor& k, std::span<const AttentionSequence> sequences,
                    const AttentionOptions& o) {
  if (!o.relative_queries && !o.relative_keys) return;
  for (const auto& [terms, rows] : {std::pair{&o.relative_queries, &q}, std::pair{&o.relative_keys, &k}})
    check(!*terms || (terms->rank() == 3 && *rows && terms->size(0) == q.size(1) && terms->size(1) == rows->size(0)),
          "[attention] the scores of relative positions do not fit the rows");
  check(!o.relative_queries || !o.relative_keys || o.relative_queries.size(2) == o.relative_keys.size(2),
        "[attention] queries and keys have other buckets");
  check(std::ssize(o.relative_buckets) == 2 * o.relative_reach + 1, "[attention] {} buckets for a reach of {}",
        o.relative_buckets.size(), o.relative_reach);
  for (const AttentionSequence& s : sequences)
    check(s.q_len == 0 || (s.k_blocks == nullptr && s.kv_len <= o.relative_reach + 1),
          "[attention] a sequence of {} keys is longer than the reach of {}", s.kv_len, o.relative_reach);
  const std::int64_t count = (o.relative_queries ? o.relative_queries : o.relative_keys).size(2);
  for (const std::int32_t bucket : o.relative_buckets)
    check(bucket >= 0 && bucket < count, "[attention] bucket {} is outside {}", bucket, count);
}

void check_sequences(const Tensor& q, const Tensor& k, std::span<const AttentionSequence> sequences, bool aligned) {
  std::int64_t queries = 0;
  for (const AttentionSequence& s : sequences) {
    queries += s.q_len;
    check(s.q_begin >= 0 && s.q_len >= 0 && s.q_begin + s.q_len <= q.size(0),
          "[attention] queries {}+{} leave q's {} rows", s.q_begin, s.q_len, q.size(0));
    check(s.kv_len > 0 || s.q_len == 0, "[attention] a sequence has no keys");
    check(!aligned || s.kv_len >= s.q_len, "[attention] {} queries see {} keys", s.q_len, s.kv_len);
    check(s.k_blocks != nullptr || (k && s.kv_begin >= 0 && s.kv_begin + s.kv_len <= k.size(0)),
          "[attention] keys {}+{} leave k's rows", s.kv_begin, s.kv_len);
  }
  // Rows outside all sequences would stay uninitialised.
  check(queries == q.size(0), "[attention] the sequences have {} of {} queries", queries, q.size(0));
}

Gradients attention_grad(const Kept& kept, const Tensor& dy) {
  const Device device = kept.q.device();
  Gradients g{like(kept.q), zeros_on(device, kept.k.shape()), zeros_on(device, kept.v.shape())};
  std::vector<float*> extra;  // gradients of the optional inputs, in the order of `attention`
  for (const Tensor* input :
       {&kept.options.distance_bias, &kept.options.relative_queries, &kept.options.relative_keys}) {
    const bool wanted = *input && input->requires_grad();
    if (*input) g.push_back(wanted ? zeros_on(device, input->shape()) : Tensor());
    extra.push_back(wanted ? out(g.back()) : nullptr);
  }
  const Tensor q = contiguous(kept.q), k = contiguous(kept.k), v = contiguous(kept.v);
  AttentionOptions options = kept.options;
  options.relative_buckets = kept.buckets;
  AttentionArgs forward = arguments(q, k, v, kept.sequences, kept.kv_heads, options, kept.slopes);
  forward.out = out(kept.out), forward.out_stride = kept.out.size(1), forward.log_sum = out(kept.log_sum);
  backend(device).attention_grad({forward, in(dy), out(g[0]), out(g[1]), out(g[2]), extra[0], extra[1], extra[2]});
  return g;
}

}  // namespace

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, std::span<const AttentionSequence> sequences,
                 std::int64_t kv_heads, const AttentionOptions& options) {
  if (q.rank() != 3 || q.stride(2) != 1)  // not `check`: the shape is formatted only on error
    fail(ErrorKind::kInvalidArgument, "[attention] q is {}, not [rows, heads, head_dim]", to_string(q.shape()));
  check(kv_heads > 0 && q.size(1) % kv_heads == 0, "[attention] {} heads do not share {} key heads", q.size(1),
        kv_heads);
  for (const Tensor* x : {&k, &v})
    check(!*x || (x->rank() == 3 && x->size(1) == kv_heads && x->size(2) == q.size(2) && x->stride(2) == 1),
          "[attention] keys or values are {}, not [rows, {}, {}]", *x ? to_string(x->shape()) : "", kv_heads,
          q.size(2));
  const Tensor* const extra[] = {&options.distance_bias, &options.relative_queries, &options.relative_keys};
  for (const Tensor* other : {&k, &v, extra[0], extra[1], extra[2]}) check_device("attention", q, *other);
  check(options.alibi_slopes.empty() || static_cast<std::int64_t>(options.alibi_slopes.size()) == q.size(1),
        "[attention] {} ALiBi slopes for {} heads", options.alibi_slopes.size(), q.size(1));
  check(options.window >= 0 && options.softcap >= 0, "[attention] a window of {} and a soft cap of {}", options.window,
        options.softcap);
  check_sequences(q, k, sequences, options.causal || options.window > 0);
  check_relative(q, k, sequences, options);
  const bool keep = needs_grad({q, k, v, options.distance_bias, options.relative_queries, options.relative_keys});
  for (const AttentionSequence& s : sequences)
    check(!keep || s.k_blocks == nullptr, "[attention: kv cache] has no gradient and an input requires one");
  Tensor y = empty_on(q.device(), {q.size(0), q.size(1) * q.size(2)}), log_sum;
  if (keep) log_sum = empty_on(q.device(), {q.size(0), q.size(1)});
  AttentionArgs a = arguments(q, k, v, sequences, kv_heads, options, options.alibi_slopes);
  a.out = out(y), a.out_stride = y.size(1), a.log_sum = out(log_sum);
  backend(q.device()).attention(a);
  if (!keep) return y;
  Kept kept{q,
            k,
            v,
            y.detach(),
            log_sum,
            {sequences.begin(), sequences.end()},
            {options.alibi_slopes.begin(), options.alibi_slopes.end()},
            {options.relative_buckets.begin(), options.relative_buckets.end()},
            options,
            kv_heads};
  kept.options.alibi_slopes = {};
  kept.options.relative_buckets = {};
  std::vector<Tensor> inputs{q, k, v};
  for (const Tensor* input : extra)
    if (*input) inputs.push_back(*input);
  return record("attention", inputs, y,
                [kept = std::move(kept)](const Tensor& dy) { return attention_grad(kept, dy); });
}

}  // namespace linnet
