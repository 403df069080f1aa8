#include "linnet/generate/encode_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "linnet/base/error.h"

namespace linnet::generate {

void EncodeQueue::check_request(const models::Model& model, const EncodeRequest& request) {
  check(!request.ids.empty(), "the text has no tokens");
  check(request.type_ids.empty() || request.type_ids.size() == request.ids.size(), "{} type ids for {} tokens",
        request.type_ids.size(), request.ids.size());
  const nn::TransformerConfig& c = model.config();
  for (const std::int32_t id : request.ids)
    check(id >= 0 && id < c.vocab, "[encode] id {} is outside the vocabulary of {}", id, c.vocab);
  for (const std::int32_t type : request.type_ids)  // a model without types ignores them
    check(c.token_types == 0 || (type >= 0 && type < c.token_types), "[encode] type id {} is outside the {} types",
          type, c.token_types);
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
  cancelled_.push_back(id);
}

std::size_t EncodeQueue::size() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

EncodeQueue::Texts EncodeQueue::take(std::int64_t tokens) {
  Texts taken;
  const std::lock_guard lock(mutex_);
  cancelled_.clear();
  if (alone_ > 0) tokens = 0, --alone_;
  const auto same = [&](const Waiting& text) { return text.request.rows == waiting_.front().request.rows; };
  std::int64_t all = 0;
  for (auto at = waiting_.begin(); at != waiting_.end() && same(*at); ++at) all += std::ssize(at->request.ids);
  // Even batches take less memory than full ones and a small last one.
  const std::int64_t most = std::max<std::int64_t>(1, tokens), batches = (all + most - 1) / most;
  const std::int64_t even = batches == 0 ? 0 : (all + batches - 1) / batches;
  std::int64_t count = 0;
  auto end = waiting_.begin();
  while (end != waiting_.end() && same(*end) && count < even) {
    count += std::ssize(end->request.ids);
    if (count > tokens && end != waiting_.begin()) break;
    ++end;
  }
  taken.splice(taken.end(), waiting_, waiting_.begin(), end);
  return taken;
}

bool EncodeQueue::is_cancelled(RequestId id) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::find(cancelled_, id) != cancelled_.end();
}

void EncodeQueue::put_back(Texts& texts) {
  const std::lock_guard lock(mutex_);
  texts.remove_if([&](const Waiting& text) { return std::ranges::find(cancelled_, text.id) != cancelled_.end(); });
  waiting_.splice(waiting_.begin(), texts);
}

bool EncodeQueue::step(const models::Model& model, std::int64_t tokens, const std::function<bool()>& interrupted,
                       std::int64_t& computed) {
  Texts texts = take(tokens);
  if (texts.empty()) return false;
  const HiddenRows wanted = texts.front().request.rows;
  nn::Packed batch;
  for (const Waiting& text : texts) batch.add(text.request.ids, text.request.type_ids);
  Tensor rows;
  try {
    const nn::ForwardState state{.interrupted = &interrupted};
    rows = wanted == HiddenRows::kTokens ? model.forward(batch, state) : model.pooled(batch, state);
    if (wanted == HiddenRows::kClasses) rows = model.classify(rows);
  } catch (const nn::Interrupted&) {
    put_back(texts);
    throw;
  } catch (...) {
    if (texts.size() == 1) throw;
    alone_ = texts.size();
    put_back(texts);
    throw;
  }
  computed += batch.rows();
  try {
    for (std::int64_t s = 0; !texts.empty(); ++s) {
      const auto on_end = std::move(texts.front().request.on_end);
      const bool cancelled = is_cancelled(texts.front().id);
      texts.pop_front();  // before its callback, which may throw
      if (cancelled) continue;
      const auto at = static_cast<std::size_t>(s);
      const bool each = wanted == HiddenRows::kTokens;
      if (on_end) on_end(each ? rows.slice(0, batch.starts[at], batch.starts[at + 1]) : rows.slice(0, s, s + 1));
    }
  } catch (...) {
    put_back(texts);
    throw;
  }
  return true;
}

}  // namespace linnet::generate
