// Many texts at once over one model and one pool of KV cache blocks: every step computes rows of prompts, in chunks,
// and the next token of every running text, together (continuous batching, Yu et al. 2022). Requests join and leave
// between steps. What comes of a text is the same, bit for bit, as if it were alone.
//
//   Engine engine(model, {.memory = 256 << 20});
//   for (const auto& prompt : prompts)
//     engine.submit({prompt, {.max_new_tokens = 64}, {}, [](Generation& g) { … }});
//   while (engine.step()) {}
//
// Where the pool is full, blocks of earlier texts are given up, the longest unused first; then the youngest text waits
// and is computed again later. `submit` and `cancel` may be called by any thread, also from a callback; one thread
// steps and gets the callbacks, which neither step nor destroy the engine.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "linnet/generate/continuation.h"
#include "linnet/generate/prefix_index.h"
#include "linnet/generate/scoring.h"

namespace linnet::generate {

struct EngineOptions {
  std::size_t memory = nn::KvCache::kUnbounded;  // bytes of keys and values; at least a block is made of them
  std::int64_t batch_tokens = 512;               // computed together in a step, as long as no more texts are running
  std::function<bool()> interrupted = {};        // called before every layer; true: the step throws nn::Interrupted
};

using RequestId = std::uint64_t;

struct EngineFigures {
  std::size_t requests = 0;                     // not ended
  std::size_t blocks_used = 0, blocks_all = 0;  // of the pool, those kept for prompts to come included
  std::int64_t computed = 0;                    // rows (tokens) that went through the model
  std::int64_t found = 0;                       // that did not, since an earlier text began with them
  std::int64_t waits = 0;                       // times a text gave its blocks up to an older one
};

class Engine {
 public:
  // The model must outlive the engine, and keep its adapter while the engine lives.
  explicit Engine(const models::Model& model, EngineOptions options = {});
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Errors as generate() and Scoring(); kInvalidArgument also for a text that may need more than the whole pool.
  RequestId submit(Request request);
  RequestId submit(ScoreRequest request);
  void cancel(RequestId id);  // takes effect with the next step; nothing where it has ended
  // Computes one batch; false when there is nothing to do. After a throw all texts are as before the step, but for
  // the one whose callback threw, which is cancelled.
  bool step();
  // Gives the blocks of earlier texts up, but for those that `prompt` begins with.
  void forget_all_but(std::span<const std::int32_t> prompt);
  const models::Model& model() const { return model_; }
  EngineFigures figures() const;  // of the thread that steps

 private:
  struct Running;
  struct Piece;
  struct Row;
  using Texts = std::list<Running>;

  RequestId submit(Running text);
  void take_submitted();
  std::vector<std::int32_t> keys(std::span<const std::int32_t> ids) const;
  std::int64_t computed(const Running& text) const;
  std::int64_t missing(const Running& text) const;
  bool make_room(const Running& text, std::int64_t count);
  bool begin(Running& text, const std::vector<Piece>& pieces);
  bool add_piece(Running& text, std::int64_t budget, std::vector<Piece>& pieces);
  void plan(std::vector<Piece>& pieces);
  void compute_again(Running& text, std::int64_t from) const;
  Tensor forward(const std::vector<Piece>& pieces, std::vector<Row>& rows);
  void take(const std::vector<Row>& rows, const Tensor& hidden);
  void remember(const Running& text, std::int64_t count);
  bool remove_ended();

  const models::Model& model_;
  EngineOptions options_;
  nn::KvCache cache_;
  std::int64_t virtual_tokens_;
  bool keeps_prefixes_;  // blocks of one text are good for another: not where a rotation depends on the length
  PrefixIndex prefixes_;
  Texts texts_;  // the oldest first
  EngineFigures figures_;

  mutable std::mutex mutex_;  // of what follows
  Texts submitted_;
  std::vector<RequestId> cancelled_;
  RequestId last_id_ = 0;
};

}  // namespace linnet::generate
