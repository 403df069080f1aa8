#include "linnet/generate/encode_queue.h"

#include <iterator>
#include <utility>

#include "linnet/base/error.h"

namespace linnet::generate {

void EncodeQueue::check_request(const models::Model& model, const EncodeRequest& request) {
  check(model.config().stack != nn::Stack::kEncoderDecoder, "the hidden state of an encoder-decoder has two stacks");
  check(!request.ids.empty(), "the text has no tokens");
  check(request.type_ids.empty() || request.type_ids.size() == request.ids.size(), "{} type ids for {} tokens",
        request.type_ids.size(), request.ids.size());
  const std::int64_t context = model.context(), count = std::ssize(request.ids);
  check(context == 0 || count <= context, "the text has {} tokens, the model's context is {}; shorten it", count,
        context);
}

void EncodeQueue::add(RequestId id, EncodeRequest request) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back({id, std::move(request)});
}

void EncodeQueue::cancel(RequestId id) {
  const std::lock_guard lock(mutex_);
  waiting_.remove_if([id](const Waiting& text) { return text.id == id; });
}

std::size_t EncodeQueue::size() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

EncodeQueue::Texts EncodeQueue::take(std::int64_t tokens) {
  Texts taken;
  const std::lock_guard lock(mutex_);
  auto end = waiting_.begin();
  while (end != waiting_.end() && end->request.rows == waiting_.front().request.rows) {
    tokens -= std::ssize(end->request.ids);
    if (tokens < 0 && end != waiting_.begin()) break;
    ++end;
  }
  taken.splice(taken.end(), waiting_, waiting_.begin(), end);
  return taken;
}

std::int64_t EncodeQueue::step(const models::Model& model, std::int64_t tokens,
                               const std::function<bool()>& interrupted) {
  Texts texts = take(tokens);
  if (texts.empty()) return 0;
  try {
    nn::Packed batch;
    for (const Waiting& text : texts) batch.add(text.request.ids, text.request.type_ids);
    const bool pooled = texts.front().request.rows == HiddenRows::kPooled;
    const nn::ForwardState state{.interrupted = &interrupted};
    const Tensor rows = pooled ? model.pooled(batch, state) : model.forward(batch, state);
    for (std::size_t s = 0; !texts.empty(); ++s) {
      const auto on_end = std::move(texts.front().request.on_end);
      texts.pop_front();  // before its callback, which may throw
      const auto index = static_cast<std::int64_t>(s);
      if (on_end)
        on_end(pooled ? rows.slice(0, index, index + 1) : rows.slice(0, batch.starts[s], batch.starts[s + 1]));
    }
    return batch.rows();
  } catch (...) {
    const std::lock_guard lock(mutex_);
    waiting_.splice(waiting_.begin(), texts);
    throw;
  }
}

}  // namespace linnet::generate
