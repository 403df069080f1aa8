#include "linnet/generate/engine.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "linnet/base/error.h"

namespace linnet::generate {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

constexpr std::size_t kScoresAtOnce = 64;  // rows over the vocabulary

std::int64_t blocks_of(std::int64_t positions) { return (positions + kKvBlock - 1) / kKvBlock; }

nn::KvCache make_pool(const models::Model& model, std::size_t memory) {
  if (memory == nn::KvCache::kUnbounded) return model.make_cache();
  const std::size_t block = model.make_cache().bytes_per_position() * kKvBlock;
  check(memory >= block, "{} bytes do not hold the keys and values of {} tokens; give {} or more", memory, kKvBlock,
        block);
  return model.make_cache(memory / block);
}

}  // namespace

struct Engine::Text {
  RequestId id;
  Continuation text;
  std::function<void(Generation&)> on_end;
  nn::KvCache::Sequence sequence = {};
  Clock::time_point start = Clock::now();
};

// Tokens of a text that a step computes.
struct Engine::Piece {
  Text* text;
  std::int64_t begin, count;
};

Engine::Engine(const models::Model& model, EngineOptions options)
    : model_(model),
      options_(std::move(options)),
      cache_(make_pool(model, options_.memory)),
      virtual_tokens_(model.virtual_tokens().count()),
      keeps_prefixes_(virtual_tokens_ == 0 && !nn::depends_on_length(model.config().rope.kind)) {
  check(options_.batch_tokens > 0, "batch_tokens is {}; give 1 or more", options_.batch_tokens);
}

Engine::~Engine() = default;

RequestId Engine::submit(Request request) {
  auto text = std::make_unique<Text>(
      Text{0, Continuation(model_, std::move(request.prompt), std::move(request.options), std::move(request.on_token)),
           std::move(request.on_end)});
  const std::int64_t longest = text->text.longest() + virtual_tokens_;
  const std::size_t all = cache_.capacity();
  check(static_cast<std::size_t>(blocks_of(longest)) <= all,
        "a text of up to {} tokens does not fit into memory for {}; ask for fewer new tokens or give more memory",
        longest, all * kKvBlock);
  const std::lock_guard lock(mutex_);
  text->id = ++last_id_;
  submitted_.push_back(std::move(text));
  return last_id_;
}

void Engine::cancel(RequestId id) {
  const std::lock_guard lock(mutex_);
  cancelled_.push_back(id);
}

void Engine::take_submitted() {
  const std::lock_guard lock(mutex_);
  for (auto& text : submitted_) texts_.push_back(std::move(text));
  submitted_.clear();
  for (const auto& text : texts_)
    if (std::ranges::find(cancelled_, text->id) != cancelled_.end()) text->text.stop();
  cancelled_.clear();
}

// Tokens of a text that are not in its blocks.
std::int64_t Engine::missing(const Text& text) const {
  const std::int64_t length = text.sequence.length();
  return std::ssize(text.text.ids()) - (length == 0 ? 0 : length - virtual_tokens_);
}

// False where `text` has to wait: only younger ones give their blocks up for it.
bool Engine::make_room(const Text& text, std::int64_t count) {
  while (cache_.free_blocks() < cache_.blocks_wanted(text.sequence, count)) {
    if (prefixes_.evict()) continue;
    auto youngest = texts_.rbegin();
    while (youngest->get() != &text && (*youngest)->sequence.blocks().empty()) ++youngest;
    if (youngest->get() == &text) return false;
    (*youngest)->sequence = {};
    ++figures_.waits;
  }
  return true;
}

void Engine::add_piece(Text& text, std::int64_t budget, std::vector<Piece>& pieces) {
  if (budget <= 0) return;
  const auto& ids = text.text.ids();
  if (text.sequence.blocks().empty() && keeps_prefixes_) {
    // The last token is computed in any case: its row scores what comes.
    text.sequence = prefixes_.find(std::span(ids).first(ids.size() - 1), cache_);
    figures_.found += text.sequence.length();
    Generation& result = text.text.result();
    if (result.ids.empty()) result.cached_tokens = text.sequence.length();
  }
  const std::int64_t count = std::min(missing(text), budget);
  const std::int64_t positions = count + (text.sequence.length() == 0 ? virtual_tokens_ : 0);
  if (!make_room(text, positions)) return;
  cache_.reserve(text.sequence, positions);
  pieces.push_back({&text, std::ssize(ids) - missing(text), count});
}

// What the next step computes: a token of every running text, and of prompts what else has room, the oldest first.
std::vector<Engine::Piece> Engine::plan() {
  std::vector<Piece> pieces;
  std::int64_t running = std::ranges::count_if(texts_, [&](const auto& text) { return missing(*text) == 1; });
  std::int64_t left = options_.batch_tokens;
  for (const auto& text : texts_) {
    const bool runs = missing(*text) == 1;
    if (runs) --running;
    const std::size_t before = pieces.size();
    const bool oldest = text == texts_.front();
    const std::int64_t budget = runs ? 1 : std::max<std::int64_t>(oldest ? 1 : 0, left - running);
    add_piece(*text, budget, pieces);
    if (oldest && pieces.empty()) {  // it shares a block that it has to write to, and there is none for a copy
      text->sequence = {};
      add_piece(*text, budget, pieces);
    }
    if (pieces.size() > before) left -= pieces.back().count;
  }
  return pieces;
}

// After a throw the sequences are as they were.
Tensor Engine::forward(const nn::Packed& batch, const std::vector<nn::KvCache::Sequence*>& sequences) {
  std::vector<std::int64_t> lengths;
  for (const nn::KvCache::Sequence* sequence : sequences) lengths.push_back(sequence->length());
  try {
    return model_.forward(batch, {.cache = &cache_,
                                  .sequences = sequences,
                                  .output = nn::OutputRows::kLast,
                                  .interrupted = &options_.interrupted});
  } catch (...) {
    for (std::size_t i = 0; i < sequences.size(); ++i) {
      if (lengths[i] > 0)
        cache_.truncate(*sequences[i], lengths[i]);
      else
        *sequences[i] = {};
    }
    throw;
  }
}

void Engine::compute(const std::vector<Piece>& pieces) {
  nn::Packed batch;
  std::vector<nn::KvCache::Sequence*> sequences;
  for (const Piece& piece : pieces) {
    const auto ids = std::span(piece.text->text.ids())
                         .subspan(static_cast<std::size_t>(piece.begin), static_cast<std::size_t>(piece.count));
    batch.add(ids, {}, static_cast<std::int32_t>(piece.text->sequence.length()));
    sequences.push_back(&piece.text->sequence);
  }
  const Tensor hidden = forward(batch, sequences);
  figures_.computed += batch.rows();
  std::vector<Text*> ready;
  std::vector<std::int32_t> rows;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (missing(*pieces[i].text) > 0) continue;
    ready.push_back(pieces[i].text);
    rows.push_back(static_cast<std::int32_t>(i));
  }
  choose(ready, hidden, rows);
}

void Engine::choose(const std::vector<Text*>& ready, const Tensor& hidden, const std::vector<std::int32_t>& rows) {
  std::size_t chosen = 0;
  Text* chooses = nullptr;
  try {
    while (chosen < ready.size()) {
      const std::size_t count = std::min(kScoresAtOnce, ready.size() - chosen);
      Tensor scores = model_.logits(hidden, std::span(rows).subspan(chosen, count));
      const auto vocabulary = static_cast<std::size_t>(scores.size(1));
      for (std::size_t i = 0; i < count; ++i, ++chosen) {
        Text& text = *ready[chosen];
        chooses = &text;
        const bool first = text.text.result().ids.empty();
        text.text.choose(scores.data<float>().subspan(i * vocabulary, vocabulary));
        if (first) {
          text.text.result().prefill_seconds = seconds_since(text.start);
          text.start = Clock::now();
          remember(text);
        }
        chooses = nullptr;
      }
    }
  } catch (...) {
    if (chooses != nullptr) chooses->text.stop();
    // The others choose after the next step, which computes their last token again.
    for (std::size_t i = chosen; i < ready.size(); ++i)
      if (ready[i] != chooses) cache_.truncate(ready[i]->sequence, ready[i]->sequence.length() - 1);
    throw;
  }
}

void Engine::remember(const Text& text) {
  if (keeps_prefixes_) prefixes_.add(text.text.ids(), text.sequence);
}

void Engine::remove_ended() {
  const auto ended = [](const auto& text) { return text->text.ended(); };
  for (auto it = std::ranges::find_if(texts_, ended); it != texts_.end(); it = std::ranges::find_if(texts_, ended)) {
    const std::unique_ptr<Text> text = std::move(*it);
    texts_.erase(it);  // before its callback, which may throw
    Generation& result = text->text.result();
    (result.ids.empty() ? result.prefill_seconds : result.decode_seconds) = seconds_since(text->start);
    remember(*text);
    text->sequence = {};
    if (text->on_end) text->on_end(result);
  }
}

bool Engine::step() {
  take_submitted();
  const bool ended = std::ranges::any_of(texts_, [](const auto& text) { return text->text.ended(); });
  remove_ended();
  if (texts_.empty()) return ended;
  const std::vector<Piece> pieces = plan();
  LINNET_ASSERT(!pieces.empty());
  compute(pieces);
  remove_ended();
  return true;
}

void Engine::forget_all_but(std::span<const std::int32_t> prompt) {
  const nn::KvCache::Sequence kept = prefixes_.find(prompt, cache_);
  while (prefixes_.evict()) {
  }
}

EngineFigures Engine::figures() const {
  EngineFigures figures = figures_;
  const std::lock_guard lock(mutex_);
  figures.requests = texts_.size() + submitted_.size();
  figures.blocks_used = cache_.used_blocks();
  figures.blocks_all = cache_.capacity();
  return figures;
}

}  // namespace linnet::generate
