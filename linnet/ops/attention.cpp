#include <vector>

#include "linnet/ops/internal.h"

namespace linnet {
namespace {

struct Kept {  // owns the data of the options' spans for the backward pass
  Tensor q, k, v, out, log_sum;
  std::vector<AttentionSequence> sequences;
  std::vector<float> slopes;
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
  a.dropout = o.dropout, a.dropout_key = o.dropout_key;
  return a;
}

void check_sequences(const Tensor& q, const Tensor& k, std::span<const AttentionSequence> sequences, bool causal) {
  std::int64_t queries = 0;
  for (const AttentionSequence& s : sequences) {
    queries += s.q_len;
    check(s.q_begin >= 0 && s.q_len >= 0 && s.q_begin + s.q_len <= q.size(0),
          "[attention] queries {}+{} leave q's {} rows", s.q_begin, s.q_len, q.size(0));
    check(s.kv_len > 0 || s.q_len == 0, "[attention] a sequence has no keys");
    check(!causal || s.kv_len >= s.q_len, "[attention] {} queries see {} keys", s.q_len, s.kv_len);
    check(s.k_blocks != nullptr || (k && s.kv_begin >= 0 && s.kv_begin + s.kv_len <= k.size(0)),
          "[attention] keys {}+{} leave k's rows", s.kv_begin, s.kv_len);
  }
  // Rows outside all sequences would stay uninitialised.
  check(queries == q.size(0), "[attention] the sequences have {} of {} queries", queries, q.size(0));
}

Gradients attention_grad(const Kept& kept, const Tensor& dy) {
  const Device device = kept.q.device();
  Gradients g{like(kept.q), zeros_on(device, kept.k.shape()), zeros_on(device, kept.v.shape())};
  const bool biased = kept.options.distance_bias && kept.options.distance_bias.requires_grad();
  if (kept.options.distance_bias) g.push_back(biased ? zeros_on(device, kept.options.distance_bias.shape()) : Tensor());
  const Tensor q = contiguous(kept.q), k = contiguous(kept.k), v = contiguous(kept.v);
  AttentionArgs forward = arguments(q, k, v, kept.sequences, kept.kv_heads, kept.options, kept.slopes);
  forward.out = out(kept.out), forward.out_stride = kept.out.size(1), forward.log_sum = out(kept.log_sum);
  backend(device).attention_grad({forward, in(dy), out(g[0]), out(g[1]), out(g[2]), biased ? out(g[3]) : nullptr});
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
  for (const Tensor* other : {&k, &v, &options.distance_bias}) check_device("attention", q, *other);
  check(options.alibi_slopes.empty() || static_cast<std::int64_t>(options.alibi_slopes.size()) == q.size(1),
        "[attention] {} ALiBi slopes for {} heads", options.alibi_slopes.size(), q.size(1));
  check_sequences(q, k, sequences, options.causal);
  const bool keep = needs_grad({q, k, v, options.distance_bias});
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
            options,
            kv_heads};
  kept.options.alibi_slopes = {};
  std::vector<Tensor> inputs{q, k, v};
  if (options.distance_bias) inputs.push_back(options.distance_bias);
  return record("attention", inputs, y,
                [kept = std::move(kept)](const Tensor& dy) { return attention_grad(kept, dy); });
}

}  // namespace linnet
