// The interface of a device: kernels over raw memory. The ops check shapes, allocate results and differentiate, once
// for all devices.
//
// Pointers to values are addresses on the device. Small inputs and results of the host are the CPU's memory, and a
// backend copies them: ids, rows, targets, starts, shapes and strides, tables of sequences and of blocks, ALiBi slopes,
// class weights, and sums that a kernel returns.
//
// Activations and gradients are f32, row-major; rows may have a stride (in elements). Weights have any DType; Precision
// sets how a product rounds its inputs. Accumulation is f32 or better. The op makes every check, so kernels do not
// throw except when memory is exhausted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "linnet/backend/kv_block.h"
#include "linnet/base/rng.h"
#include "linnet/tensor/device.h"
#include "linnet/tensor/dtype.h"
#include "linnet/tensor/storage.h"

namespace linnet {

// kByWeight: f32 weights are multiplied in f32, bf16 weights may round the other side to bf16, quantised weights may
// round it to 8 bits per block. kF32: nothing is rounded. kBF16: both sides may be rounded to bf16 (mixed-precision
// training); the values of quantised weights are not.
enum class Precision : std::uint8_t { kByWeight, kF32, kBF16 };
enum class WeightLayout : std::uint8_t { kOutIn, kInOut };  // [out, in], or GPT-2's [in, out]
enum class Activation : std::uint8_t { kIdentity, kRelu, kGelu, kGeluTanh, kSilu, kTanh, kSigmoid };

// A parameter in its stored encoding. `storage->derived` may hold the backend's packed copy when `constant`.
struct WeightView {
  const void* data = nullptr;
  DType type = DType::kF32;
  std::int64_t out = 0, in = 0;
  WeightLayout layout = WeightLayout::kOutIn;
  Storage* storage = nullptr;
  bool constant = false;  // will be reused unchanged: packing pays
};

// y[m, out] = x[m, in] W^T + bias (+ y when accumulate)
struct LinearArgs {
  const float* x;
  std::int64_t x_stride, m;
  WeightView weight;
  const float* bias;  // [out] or null
  float* y;
  std::int64_t y_stride;
  bool accumulate;
  Precision precision;
};
// dx[m, in] = dy[m, out] W (+ dx when accumulate)
struct LinearGradInputArgs {
  const float* dy;
  std::int64_t dy_stride, m;
  WeightView weight;
  float* dx;
  std::int64_t dx_stride;
  bool accumulate;
  Precision precision;
};
// dW (f32, in the weight's layout) = dy^T x (+ dW when accumulate); dbias[out] = column sums of dy, or null
struct LinearGradWeightArgs {
  const float *dy, *x;
  std::int64_t dy_stride, x_stride, m, out, in;
  WeightLayout layout;
  float *dweight, *dbias;
  bool accumulate;
  Precision precision;
};
// c[m, n] = alpha op(a) op(b) + beta c, all f32, `batch` times with strides
struct GemmArgs {
  const float *a, *b;
  float* c;
  std::int64_t m, n, k, lda, ldb, ldc;
  bool transpose_a, transpose_b;
  float alpha, beta;
  std::int64_t batch, a_stride, b_stride, c_stride;
};

// y = (x - mean) rstd (weight + weight_offset) + bias; RMS norm: no mean and bias, rstd of the mean square
struct NormArgs {
  const float *x, *weight, *bias;  // bias: null if none
  float *y, *mean, *rstd;          // mean, rstd [rows] are saved for the gradient; null if not needed
  std::int64_t rows, cols;
  float eps, weight_offset = 0;
};
struct NormGradArgs {
  const float *dy, *x, *weight, *mean, *rstd;
  float *dx, *dweight, *dbias;  // dweight, dbias [cols] are overwritten; null if not needed
  std::int64_t rows, cols;
  float weight_offset = 0;
};

struct ActivationArgs {  // y = f(x), or f(x) * gate_with if given (gated feed-forward: x is the gate)
  const float *x, *gate_with;
  float* y;
  std::int64_t n;
  Activation kind;
};
struct ActivationGradArgs {
  const float *dy, *x, *gate_with;
  float *dx, *dgate_with;  // dgate_with: null if none
  std::int64_t n;
  Activation kind;
};

struct RotaryArgs {  // half-split layout: (x[i], x[i + dims/2]) is rotated by the angle of position and frequency i
  const float* x;
  float* y;                                        // may be x
  std::int64_t rows, heads, head_dim, dims;        // dims <= head_dim are rotated, the rest is copied
  std::int64_t x_stride, x_head_stride, y_stride;  // the heads of y are contiguous
  const float *cosine, *sine;                      // [table rows, dims/2]
  const std::int32_t* table_rows;                  // [rows]
  bool inverse;                                    // rotates back: the gradient
};

struct EmbeddingArgs {
  const void* table;  // [vocab, cols] of any DType
  DType type;
  const std::int32_t* ids;  // [rows], checked by the op
  float* y;
  std::int64_t rows, cols;
};
struct EmbeddingGradArgs {  // dtable[ids[r]] += dy[r]
  const float* dy;
  const std::int32_t* ids;
  float* dtable;
  std::int64_t rows, cols;
};

// One sequence of a packed batch. Its keys are `kv_len` dense rows from kv_begin on, or blocks of the KV cache. If
// causal, the queries are at the last q_len key positions: query i attends to keys j <= kv_len - q_len + i.
struct AttentionSequence {
  std::int64_t q_begin, q_len, kv_begin, kv_len;
  const void *const *k_blocks, *const *v_blocks;  // null: dense. Else ceil(kv_len / 64) blocks of heads (kv_block.h)
};

// Copies rows of keys and values into the blocks of a KV cache, from `position` on. The second value of a pair that is
// begun becomes 0, since it is multiplied too.
struct KvStoreArgs {
  const float *k, *v;  // [row][kv_head][head_dim] by strides
  std::int64_t k_stride, k_head_stride, v_stride, v_head_stride;
  std::int64_t rows, kv_heads, head_dim, position;
  DType type;                               // type of the blocks: F32 or BF16
  void *const *k_blocks, *const *v_blocks;  // blocks of the sequence from position 0 on, as in AttentionSequence
};

// Scores of relative positions (He et al., 2021): score += queries[head][query row][b] + keys[head][key row][b], where
// b is the bucket of the distance, buckets[key - query position + reach].
struct RelativeTerms {
  const float *queries, *keys;  // [heads][rows][count], or null
  std::int64_t query_rows, key_rows, count;
  const std::int32_t* buckets;  // [2 * reach + 1], as long as the longest sequence; null: no terms
  std::int64_t reach;
};
struct AttentionArgs {
  const float *q, *k, *v;  // [row][head][head_dim] by strides
  std::int64_t q_stride, q_head_stride, k_stride, k_head_stride, v_stride, v_head_stride;
  DType kv_type;  // type of the cache's blocks: F32 or BF16
  const AttentionSequence* sequences;
  std::int64_t sequence_count, heads, kv_heads, head_dim;
  float scale;
  bool causal;
  const float* alibi_slopes;    // [heads]: score += slope * (key position - query position); or null
  const float* distance_bias;   // [heads][2 * reach + 1]: score += bias at (key - query position) + reach; or null
  std::int64_t distance_reach;  // larger distances are clamped
  RelativeTerms relative;
  std::int64_t window;  // keys `window` or more positions from the query, on either side, are not seen; 0: all
  float softcap;        // score = softcap * tanh(score / softcap), before the biases; 0: it is not
  // Dropout of the probabilities in training: element (query row r, head h, key index j of its sequence) uses number (r
  // * heads + h) * 2^20 + j of the key's stream (philox(key, number / 4)[number % 4]). It is kept if the number is at
  // least p * 2^32, then divided by 1 - p.
  float dropout;
  PhiloxKey dropout_key;
  float* out;  // [row][heads * head_dim] by out_stride
  std::int64_t out_stride;
  float* log_sum;  // [rows, heads]: log of the softmax denominator, saved for the gradient; or null
};
struct AttentionGradArgs {
  AttentionArgs forward;                      // dense keys only; `out` and `log_sum` are inputs here
  const float* dout;                          // by out_stride
  float *dq, *dk, *dv;                        // strides as q, k, v; dk and dv are accumulated into, dq is overwritten
  float* ddistance_bias;                      // accumulated into, or null
  float *drelative_queries, *drelative_keys;  // the same
};

// Copies [shape] elements between strided layouts (strides in elements): y = x, or y += x.
struct StridedCopyArgs {
  const float* x;
  float* y;
  int rank;
  const std::int64_t *shape, *x_strides, *y_strides;
  bool accumulate;
};

struct MaxRowsArgs {  // y[i] = maximum per column of the rows starts[i] .. starts[i + 1] of x; none is empty
  const float* x;
  const std::int32_t* starts;
  float* y;
  std::int32_t* from;  // [count, cols], on the device: the first row of each maximum, for the gradient
  std::int64_t count, cols;
};
struct MaxRowsGradArgs {  // dx[from[i]] += dy[i] per column
  const float* dy;
  const std::int32_t* from;
  float* dx;
  std::int64_t count, cols;
};

enum class ElementLoss : std::uint8_t { kSquaredError, kBinaryCrossEntropy };  // (x - t)^2; with logits, t in [0, 1]
struct ElementLossArgs {
  const float *x, *target;
  std::int64_t n;
  ElementLoss kind;
};
struct ElementLossGradArgs {  // dx = factor * gradient of the sum
  ElementLossArgs forward;
  float* dx;
  float factor;
};

struct CrossEntropyArgs {  // rows of logits with one target each; a row with target < 0 is ignored
  const float* logits;
  std::int64_t rows, cols, stride;
  const std::int32_t* targets;
  float label_smoothing;
  const float* class_weights;  // [cols] or null
  double *loss, *weight;       // sums over the rows that count
  float* dlogits;              // gradient of the *sum*, may be logits; null if not needed
  std::int64_t dlogits_stride;
};

struct DropoutArgs {  // y = x * mask / (1 - p); element i is kept when philox(key, i / 4)[i % 4] >= p * 2^32
  const float* x;
  float* y;
  std::int64_t n;
  float p;
  PhiloxKey key;
};

struct AdamArgs {  // a step of one tensor; decoupled decay is AdamW
  float *weight, *m, *v;
  const float* grad;
  std::int64_t n;
  float grad_scale, learning_rate, beta1, beta2, eps, weight_decay, correction1, correction2;
  bool decoupled;
};

struct SgdArgs {                    // a step of one tensor; the decay is added to the gradient
  float *weight, *momentum_buffer;  // momentum_buffer: null without momentum
  const float* grad;
  std::int64_t n;
  float grad_scale, learning_rate, momentum, weight_decay;
};

// A step of one tensor. Second moments: one value per row and column of a matrix, or of each element (`all`) of a
// vector.
struct AdafactorArgs {
  float *weight, *row, *col, *all;  // row and col: null for a vector; all: null for a matrix
  const float* grad;
  std::int64_t rows, cols;  // a vector: one row
  float grad_scale;
  double learning_rate, beta2, eps1, clip_threshold, weight_decay;
  double least_scale;  // the rate is multiplied by the weight's root mean square, at least this; negative: it is not
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual const char* name() const = 0;

  virtual void linear(const LinearArgs&) = 0;
  // Products of the same x, with the bits of `linear`.
  virtual void linears(std::span<const LinearArgs> products) {
    for (const LinearArgs& product : products) linear(product);
  }
  // Makes the packed copy of a constant weight, which its first product would make.
  virtual void prepack(const WeightView&) {}
  virtual void linear_grad_input(const LinearGradInputArgs&) = 0;
  virtual void linear_grad_weight(const LinearGradWeightArgs&) = 0;
  virtual void gemm(const GemmArgs&) = 0;
  virtual void layer_norm(const NormArgs&) = 0;
  virtual void layer_norm_grad(const NormGradArgs&) = 0;
  virtual void rms_norm(const NormArgs&) = 0;
  virtual void rms_norm_grad(const NormGradArgs&) = 0;
  virtual void activation(const ActivationArgs&) = 0;
  virtual void activation_grad(const ActivationGradArgs&) = 0;
  virtual void rotary(const RotaryArgs&) = 0;
  virtual void embedding(const EmbeddingArgs&) = 0;
  virtual void embedding_grad(const EmbeddingGradArgs&) = 0;
  virtual void attention(const AttentionArgs&) = 0;
  virtual void kv_store(const KvStoreArgs&) = 0;
  virtual void attention_grad(const AttentionGradArgs&) = 0;
  virtual void cross_entropy(const CrossEntropyArgs&) = 0;
  virtual void dropout(const DropoutArgs&) = 0;
  virtual void element_loss_grad(const ElementLossGradArgs&) = 0;
  virtual double element_loss(const ElementLossArgs&) = 0;  // the sum
  virtual void max_rows(const MaxRowsArgs&) = 0;
  virtual void max_rows_grad(const MaxRowsGradArgs&) = 0;
  virtual void strided_copy(const StridedCopyArgs&) = 0;
  virtual void adam(const AdamArgs&) = 0;
  virtual void sgd(const SgdArgs&) = 0;
  virtual void adafactor(const AdafactorArgs&) = 0;
  virtual void add(const float* a, const float* b, float* y, std::int64_t n) = 0;  // y = a + b
  virtual void axpy(float alpha, const float* x, float* y, std::int64_t n) = 0;    // y += alpha x
  virtual void multiply(const float* a, const float* b, float* y, std::int64_t n) = 0;
  virtual void scale(const float* x, float alpha, float* y, std::int64_t n) = 0;
  virtual void fill(float* y, float value, std::int64_t n) = 0;
  virtual double sum(const float* x, std::int64_t n) = 0;
  virtual double sum_squares(const float* x, std::int64_t n) = 0;
  // hit[i] (of the CPU): has row rows[i] of x [., cols] a value other than 0?
  virtual void nonzero_rows(const float* x, std::int64_t cols, std::span<const std::int32_t> rows,
                            std::span<std::uint8_t> hit) = 0;
  virtual void log_softmax(const float* x, float* y, std::int64_t rows, std::int64_t cols) = 0;  // y may be x
  // Converts rows of any DType to f32.
  virtual void to_float(const void* x, DType type, float* y, std::int64_t rows, std::int64_t cols) = 0;
  virtual void from_float(const float* x, DType type, void* y, std::int64_t rows, std::int64_t cols) = 0;
};

// The backend of a device: the CPU's, unless a BackendGuard replaces it (tests: by the reference). kInvalidArgument for
// a device that this build does not have.
Backend& backend(Device device);
class BackendGuard {  // replaces the backend of the CPU device for its lifetime
 public:
  explicit BackendGuard(Backend& replacement);
  ~BackendGuard();
  BackendGuard(const BackendGuard&) = delete;
  BackendGuard& operator=(const BackendGuard&) = delete;

 private:
  Backend* previous_;
};

class Allocator;
class DeviceGuard {  // registers a device of the program's own for its lifetime, which outlasts its tensors
 public:
  DeviceGuard(Device device, Backend& backend, Allocator& allocator);
  ~DeviceGuard();
  DeviceGuard(const DeviceGuard&) = delete;
  DeviceGuard& operator=(const DeviceGuard&) = delete;

 private:
  Device device_;
};

// Plain loops with sums in double: every other backend is tested against it and inherits from it, so that a new op
// works before it is optimised.
std::unique_ptr<Backend> make_reference_backend();
std::unique_ptr<Backend> make_cpu_backend();

}  // namespace linnet
