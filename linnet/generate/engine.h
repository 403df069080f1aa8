// Continuous batching (Yu et al. 2022) over one model and one pool of KV cache blocks: every step computes chunks of
// prompts and the next token of every running text in one batch. Requests join and leave between steps. Results are the
// same bits as for a text alone.
//
//   Engine engine(model, {.memory = 256 << 20});
//   for (const auto& prompt : prompts)
//     engine.submit({prompt, {.max_new_tokens = 64}, {}, [](Generation& g) { … }});
//   while (engine.step()) {}
//
// If the pool is full, blocks of earlier texts are evicted, least recently used first; then the youngest text waits and
// is recomputed later. Any thread, also a callback, may call `submit` and `cancel`; one thread steps and runs the
// callbacks, which must not step or destroy the engine.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "linnet/generate/continuation.h"
#include "linnet/generate/encode_queue.h"
#include "linnet/generate/prefix_index.h"
#include "linnet/generate/scoring.h"

namespace linnet::generate {

struct EngineOptions {
  std::size_t memory = nn::KvCache::kUnbounded;  // bytes of keys and values; at least one block is allocated
  std::int64_t batch_tokens = 512;               // tokens per step, unless more texts are running
  std::function<bool()> interrupted = {};        // called before every layer; if true, the step throws nn::Interrupted
};

struct EngineFigures {
  std::size_t requests = 0;                     // not ended
  std::size_t blocks_used = 0, blocks_all = 0;  // of the pool, also those cached for later prompts
  std::int64_t computed = 0;                    // rows (tokens) that went through the model
  std::int64_t encoded = 0;                     // of these, rows of encoders of encoder-decoders
  std::int64_t found = 0;                       // rows that were not, since an earlier text has the same prefix
  std::int64_t waits = 0;                       // how often a text was preempted by an older one
};

class Engine {
 public:
  // The model must outlive the engine and keep its adapter, which requests without an adapter use.
  explicit Engine(const models::Model& model, EngineOptions options = {});
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // An encoder-decoder encodes a request's `encoder_ids` once and keeps what its decoder reads of them in the pool; its
  // requests have no adapter of their own. Throws like generate() and Scoring(); also kInvalidArgument for a text that
  // may need more than the whole pool.
  RequestId submit(Request request);
  RequestId submit(ScoreRequest request);
  RequestId submit(EncodeRequest request);  // with the model's own adapter
  void cancel(RequestId id);                // takes effect with the next step; no effect if it has ended
  // Computes one batch of texts, then one of texts to encode; returns false if there is nothing to do. After an
  // exception the texts of its batch are as before the step, except that a text whose callback threw is cancelled;
  // texts to encode are as EncodeQueue::step says.
  bool step();
  // Evicts the blocks of earlier texts except the prefix of `prompt`.
  void forget_all_but(std::span<const std::int32_t> prompt);
  const models::Model& model() const { return model_; }
  EngineFigures figures() const;  // call it on the thread that steps

 private:
  struct Running;
  struct Piece;
  struct Row;
  using Texts = std::list<Running>;

  std::shared_ptr<const nn::SequenceAdapter> usable(const std::shared_ptr<const nn::SequenceAdapter>& asked) const;
  RequestId submit(Running text, std::vector<std::int32_t> encoder_ids);
  void take_submitted();
  std::int64_t computed(const Running& text) const;
  std::int64_t missing(const Running& text) const;
  std::int64_t rows_to_encode(const Running& text) const;
  bool make_room(const Running& text, std::int64_t count);
  bool begin(Running& text, const std::vector<Piece>& pieces);
  bool add_piece(Running& text, std::int64_t budget, std::vector<Piece>& pieces);
  void plan(std::vector<Piece>& pieces);
  static void group_by_adapter(std::vector<Piece>& pieces);
  void compute_again(Running& text, std::int64_t from) const;
  bool release(Running& text, const Running& asking);
  void encode(const std::vector<Piece>& pieces);
  Tensor forward(const std::vector<Piece>& pieces, std::vector<Row>& rows);
  Tensor logits(const Tensor& hidden, std::span<const Row> rows) const;
  void take(const std::vector<Row>& rows, const Tensor& hidden);
  void remember(const Running& text, std::int64_t count);
  bool remove_ended();
  bool step_texts();

  const models::Model& model_;
  EngineOptions options_;
  nn::KvCache cache_;
  std::shared_ptr<const nn::SequenceAdapter> own_;  // the model's adapter, or null
  const bool reads_encoder_;                        // an encoder-decoder
  const bool rotates_by_length_;                    // then only whole texts give the result of one pass
  // Can texts share blocks? Not if a rotation depends on the length, or if they read another text.
  const bool keeps_prefixes_;
  PrefixIndex prefixes_;
  EncodeQueue encodings_;
  Texts texts_;  // oldest first
  EngineFigures figures_;

  mutable std::mutex mutex_;  // guards the following members
  Texts submitted_;
  std::vector<RequestId> cancelled_;
  RequestId last_id_ = 0;
};

}  // namespace linnet::generate
