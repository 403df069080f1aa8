// Texts whose hidden state is wanted, for embeddings and heads: an engine computes whole texts without the KV cache, as
// many at a time as a batch holds.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <vector>

#include "linnet/models/model.h"

namespace linnet::generate {

using RequestId = std::uint64_t;

// kTokens: the last hidden state of every token, [tokens, hidden]. kPooled: the input of the model's classification
// head, [1, hidden].
enum class HiddenRows : std::uint8_t { kTokens, kPooled };

struct EncodeRequest {
  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> type_ids = {};  // one per id, or none
  HiddenRows rows = HiddenRows::kTokens;
  // The rows, on the model's device; the same bits as for the text alone.
  std::function<void(const Tensor& hidden)> on_end = {};
};

class EncodeQueue {
 public:
  // kInvalidArgument for a text without tokens, with more than the model's context, or of an encoder-decoder.
  static void check_request(const models::Model& model, const EncodeRequest& request);

  void add(RequestId id, EncodeRequest request);  // from any thread, like `cancel` and `size`
  void cancel(RequestId id);
  std::size_t size() const;
  // Computes the oldest text, and those behind it that want the same rows while all have at most `tokens`. Returns the
  // number of computed tokens, 0 if no text waits. After an exception the texts without a result wait again.
  std::int64_t step(const models::Model& model, std::int64_t tokens, const std::function<bool()>& interrupted);

 private:
  struct Waiting {
    RequestId id;
    EncodeRequest request;
  };
  using Texts = std::list<Waiting>;
  Texts take(std::int64_t tokens);

  mutable std::mutex mutex_;
  Texts waiting_;  // oldest first
};

}  // namespace linnet::generate
