// Every operation on tensors: checks shapes, allocates the result, calls the backend, and records its gradient when the
// tape is on (autograd.h). Forward and backward of an op are in one file of this folder.
//
// Activations are f32 `[rows, columns]`: the rows of all sequences of a batch, one after another, no padding.
// Parameters named weight may have any DType; vectors (norms, biases) are f32. Errors: kInvalidArgument naming the op,
// the actual and the expected sizes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "linnet/backend/backend.h"
#include "linnet/ops/autograd.h"
#include "linnet/tensor/tensor.h"

namespace linnet {

// --- products -------------------------------------------------------------------------------------------------------
struct LinearOptions {
  WeightLayout layout = WeightLayout::kOutIn;
  Precision precision = Precision::kByWeight;
};
// x [rows, in], weight [out, in] (or [in, out]), bias [out] or undefined -> [rows, out]. A quantised weight has dx, but
// no dW (an error).
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, const LinearOptions& options = {});
// Products of one x with up to four weights, with the bits and gradients of `linear`; faster where its rounding is
// shared.
struct LinearTerm {
  const Tensor *weight, *bias;
};
std::vector<Tensor> linears(const Tensor& x, std::span<const LinearTerm> terms, const LinearOptions& options = {});
// Prepares a weight [out, in] (or [in, out]) for `linear`, whose first call would do it.
void prepack(const Tensor& weight, WeightLayout layout = WeightLayout::kOutIn);
// Products of every head: x [rows, heads, head_dim] (strided is fine), table [n, heads, head_dim] -> [heads, rows, n]
Tensor head_scores(const Tensor& x, const Tensor& table);
// a [m, k] b [k, n] (or their transposes) -> [m, n]; f32
Tensor matmul(const Tensor& a, const Tensor& b, bool transpose_a = false, bool transpose_b = false);

// --- norms, activations, elementwise ---------------------------------------------------------------------------------
Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps);  // bias: may be undefined
// The factor of a column is weight + weight_offset.
Tensor rms_norm(const Tensor& x, const Tensor& weight, float eps, float weight_offset = 0);
Tensor activation(const Tensor& x, Activation kind);
Tensor gated_activation(const Tensor& gate, const Tensor& up, Activation kind);  // f(gate) * up
Tensor add(const Tensor& a, const Tensor& b);                                    // same shapes
void add_to_rows(Tensor& y, std::int64_t begin, const Tensor& part);             // rows from `begin` on; no gradient
Tensor multiply(const Tensor& a, const Tensor& b);
Tensor scale(const Tensor& x, float alpha);
Tensor softcap(const Tensor& x, float cap);               // cap * tanh(x / cap)
Tensor dropout(const Tensor& x, float p, PhiloxKey key);  // p = 0 returns x
Tensor sum(const Tensor& x);                              // [] -> shape [1]
Tensor log_softmax(const Tensor& x);                      // over the last dimension; no gradient

// --- rows and shapes -------------------------------------------------------------------------------------------------

// table [vocab, cols], ids in [0, vocab) (checked) -> [ids, cols]
Tensor embedding(const Tensor& table, std::span<const std::int32_t> ids);
Tensor gather_rows(const Tensor& x, std::span<const std::int32_t> rows);  // x [n, cols] -> [rows, cols]
// Gathers rows of several matrices: each output row is (source, row).
Tensor interleave_rows(const std::vector<Tensor>& sources, std::span<const std::pair<std::int32_t, std::int32_t>> rows);
Tensor mean_rows(const Tensor& x,
                 std::span<const std::int32_t> starts);  // mean of rows starts[i]..starts[i+1] -> [n, cols]
Tensor max_rows(const Tensor& x, std::span<const std::int32_t> starts);  // maximum per column -> [n, cols]
// Strided view on the tape: selects one index of `dim` of x [rows, a*b*…] viewed as `shape`. Zero copy.
Tensor view_select(const Tensor& x, const Shape& shape, int dim, std::int64_t index);
// The same of the indices begin … end-1, which stay a dimension.
Tensor view_slice(const Tensor& x, const Shape& shape, int dim, std::int64_t begin, std::int64_t end);
Tensor contiguous(const Tensor& x);  // the values of a strided view in row-major order; x itself if it is contiguous
Tensor reshape(const Tensor& x, const Shape& shape);
Tensor slice_rows(const Tensor& x, std::int64_t begin, std::int64_t end);

// --- attention -------------------------------------------------------------------------------------------------------

// [rows, heads, head_dim] (strided is fine) by the table's angles at `positions`.
struct RotaryTable {
  Tensor cosine, sine;  // [positions, dims / 2]
};
Tensor rotary(const Tensor& x, const RotaryTable& table, std::span<const std::int32_t> positions);

struct AttentionOptions {
  float scale = 1;
  bool causal = false;
  std::span<const float> alibi_slopes = {};  // [heads], or none
  Tensor distance_bias = {};                 // [heads, 2 * reach + 1], or undefined (T5's relative positions, expanded)
  std::int64_t distance_reach = 0;
  // Scores of relative positions, [heads, rows, buckets] each, or undefined; the bucket of a key - query distance is
  // relative_buckets[distance + relative_reach].
  Tensor relative_queries = {}, relative_keys = {};
  std::span<const std::int32_t> relative_buckets = {};
  std::int64_t relative_reach = 0;
  std::int64_t window = 0;      // keys at this distance or farther are not seen; 0: all are
  float softcap = 0;            // scores become softcap * tanh(score / softcap); 0: they do not
  DType kv_type = DType::kF32;  // type of cache blocks
  float dropout = 0;            // of the probabilities, in training
  PhiloxKey dropout_key = {};
};
// q [rows, heads, head_dim], k and v [kv rows, kv_heads, head_dim], each possibly strided -> [rows, heads * head_dim].
// `sequences` groups rows; a sequence with cache blocks ignores k and v (which may be undefined) and has no gradient.
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, std::span<const AttentionSequence> sequences,
                 std::int64_t kv_heads, const AttentionOptions& options);

// --- losses (means, shape [1]) ---------------------------------------------------------------------------------------

struct CrossEntropyOptions {
  float label_smoothing = 0;
  std::span<const float> class_weights = {};
  double denominator = 0;  // divisor of the sum; 0: the number (or class weights) of rows that count
  float softcap = 0;       // linear_cross_entropy: of the logits, see `softcap`; 0: none
};
// logits [rows, classes]; a target < 0 is ignored
Tensor cross_entropy(const Tensor& logits, std::span<const std::int32_t> targets, const CrossEntropyOptions& = {});
// cross_entropy(linear(hidden, weight, bias), targets) in chunks of rows, to bound the memory of logits.
Tensor linear_cross_entropy(const Tensor& hidden, const Tensor& weight, const Tensor& bias,
                            std::span<const std::int32_t> targets, const CrossEntropyOptions& = {},
                            const LinearOptions& = {});
Tensor mean_squared_error(const Tensor& x, const Tensor& target);
Tensor binary_cross_entropy(const Tensor& logits, const Tensor& target);  // with logits, target in [0, 1]

// --- types -----------------------------------------------------------------------------------------------------------

Tensor to_float(const Tensor& x);          // any DType -> F32 (the same tensor when it already is)
Tensor cast(const Tensor& x, DType type);  // F32 -> F16, BF16, Q8_0, Q4_1 or F32; no gradient

}  // namespace linnet
