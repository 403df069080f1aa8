// Texts whose hidden state is wanted, for embeddings and heads: an engine computes whole texts without the KV cache, as
// many at a time as a batch holds.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <vector>

#include "linnet/generate/text.h"
#include "linnet/models/model.h"

namespace linnet::generate {

// kTokens: the last hidden state of every token, [tokens, hidden]. kPooled: the input of the model's classification
// head, [1, hidden]. kClasses: the head's logits, [1, classes].
enum class HiddenRows : std::uint8_t { kTokens, kPooled, kClasses };

struct EncodeRequest {
  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> type_ids = {};  // one per id, or none
  HiddenRows rows = HiddenRows::kTokens;
  // The rows, on the model's device; the same bits as for the text alone. Not called after the text is
  // cancelled, unless it runs.
  std::function<void(const Tensor& hidden)> on_end = {};
};

class EncodeQueue {
 public:
  // kInvalidArgument for a text without tokens, with ids outside the tables or more than the model's context, or of an
  // encoder-decoder.
  static void check_request(const models::Model& model, const EncodeRequest& request);

  void add(RequestId id, EncodeRequest request);  // from any thread, like `cancel` and `size`
  void cancel(RequestId id);
  std::size_t size() const;
  // Computes the oldest text, and those behind it that want the same rows while all have at most `tokens`; adds the
  // number of their tokens to `computed`. Returns false if no text waits. After nn::Interrupted, or an exception of a
  // callback, texts without a result wait again. After another exception they are computed one by one; one that fails
  // alone is dropped, so that the others are not stopped for ever.
  bool step(const models::Model& model, std::int64_t tokens, const std::function<bool()>& interrupted,
            std::int64_t& computed);

 private:
  struct Waiting {
    RequestId id;
    EncodeRequest request;
  };
  using Texts = std::list<Waiting>;
  Texts take(std::int64_t tokens);
  void put_back(Texts& texts);
  bool is_cancelled(RequestId id) const;

  mutable std::mutex mutex_;
  Texts waiting_;                     // oldest first
  std::vector<RequestId> cancelled_;  // during a step
  std::size_t alone_ = 0;             // number of texts that are computed one by one
};

}  // namespace linnet::generate
