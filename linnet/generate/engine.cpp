#include "linnet/generate/engine.h"

#include <algorithm>
#include <utility>

#include "linnet/base/error.h"

namespace linnet::generate {
namespace {

constexpr std::size_t kScoresAtOnce = 64;  // rows over the vocabulary

std::int64_t blocks_of(std::int64_t positions) { return (positions + kKvBlock - 1) / kKvBlock; }
std::int64_t full_blocks(const nn::KvCache::Sequence& sequence) { return sequence.length() / kKvBlock * kKvBlock; }

nn::KvCache make_pool(const models::Model& model, std::size_t memory) {
  if (memory == nn::KvCache::kUnbounded) return model.make_cache();
  const std::size_t block = model.make_cache().bytes_per_position() * kKvBlock;
  check(memory >= block, "{} bytes do not hold the keys and values of {} tokens; give {} or more", memory, kKvBlock,
        block);
  return model.make_cache(memory / block);
}

}  // namespace

// What others may take over of a text.
enum class Kept : std::uint8_t { kShared, kAll };

struct Engine::Running {
  RequestId id = 0;
  std::unique_ptr<Text> text;
  Kept kept;
  std::int64_t shared = 0;  // tokens at its start that are computed by themselves, for others too
  nn::KvCache::Sequence sequence = {};
  bool passing = false;  // its last pass kept one layer: nothing can go on from it
};

// Tokens of a text that a step computes.
struct Engine::Piece {
  Running* text;
  std::int64_t begin, count;
  std::int64_t end() const { return begin + count; }
};

// A hidden row behind which a text wants the scores.
struct Engine::Row {
  Running* text;
  std::int32_t hidden;
};

Engine::Engine(const models::Model& model, EngineOptions options)
    : model_(model),
      options_(std::move(options)),
      cache_(make_pool(model, options_.memory)),
      virtual_tokens_(model.virtual_tokens().count()),
      keeps_prefixes_(!nn::depends_on_length(model.config().rope.kind)) {
  check(options_.batch_tokens > 0, "batch_tokens is {}; give 1 or more", options_.batch_tokens);
}

Engine::~Engine() = default;

RequestId Engine::submit(Request request) {
  return submit(Running{.text = std::make_unique<Continuation>(model_, std::move(request)), .kept = Kept::kAll});
}

RequestId Engine::submit(ScoreRequest request) {
  const std::int64_t shared = keeps_prefixes_ ? std::min(request.shared, std::ssize(request.prompt) - 1) : 0;
  auto text = std::make_unique<Scoring>(model_, std::move(request));
  return submit(Running{.text = std::move(text), .kept = Kept::kShared, .shared = shared});
}

RequestId Engine::submit(Running text) {
  const std::int64_t longest = text.text->longest() + virtual_tokens_;
  const std::size_t all = cache_.capacity();
  check(static_cast<std::size_t>(blocks_of(longest)) <= all,
        "a text of up to {} tokens does not fit into memory for {}; ask for fewer new tokens or give more memory",
        longest, all * kKvBlock);
  const std::lock_guard lock(mutex_);
  text.id = ++last_id_;
  submitted_.push_back(std::make_unique<Running>(std::move(text)));
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
    if (std::ranges::find(cancelled_, text->id) != cancelled_.end()) text->text->stop();
  cancelled_.clear();
}

// Tokens of a text that are in its blocks, and those that are not.
std::int64_t Engine::computed(const Running& text) const {
  return std::max<std::int64_t>(0, text.sequence.length() - virtual_tokens_);
}
std::int64_t Engine::missing(const Running& text) const { return std::ssize(text.text->ids()) - computed(text); }

// The positions of a text's first `count` tokens, as the index of prefixes knows them.
std::vector<std::int32_t> Engine::keys(const Running& text, std::int64_t count) const {
  std::vector<std::int32_t> keys(static_cast<std::size_t>(virtual_tokens_), -1);
  const auto& ids = text.text->ids();
  keys.insert(keys.end(), ids.begin(), ids.begin() + count);
  return keys;
}

void Engine::remember(const Running& text, std::int64_t count) {
  if (keeps_prefixes_ && count > 0) prefixes_.add(keys(text, count), text.sequence);
}

// False where `text` has to wait: only younger ones give their blocks up for it.
bool Engine::make_room(const Running& text, std::int64_t count) {
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

// Takes over what earlier texts have computed of a text. False where one of this step computes more of it.
bool Engine::begin(Running& text, const std::vector<Piece>& pieces) {
  if (keeps_prefixes_) text.sequence = prefixes_.find(keys(text, text.text->first_scored()), cache_);
  if (computed(text) == 0) text.sequence = {};  // virtual tokens go with the text that follows them
  const auto& ids = text.text->ids();
  const auto computes_shared = [&](const Piece& piece) {
    return text.shared > computed(text) && piece.text->shared >= text.shared && piece.begin < text.shared &&
           std::equal(ids.begin(), ids.begin() + text.shared, piece.text->text->ids().begin());
  };
  if (std::ranges::any_of(pieces, computes_shared)) {
    text.sequence = {};
    return false;
  }
  figures_.found += computed(text);
  text.text->found(computed(text));
  return true;
}

void Engine::add_piece(Running& text, std::int64_t budget, std::vector<Piece>& pieces) {
  if (budget <= 0) return;
  if (text.sequence.blocks().empty() && !begin(text, pieces)) return;
  const std::int64_t done = computed(text), all = missing(text);
  const std::int64_t wanted = done < text.shared ? text.shared - done : all;
  const std::int64_t count = std::min(wanted, budget);
  const bool virtual_blocks = !model_.virtual_tokens().prefix.empty();  // which hold all layers
  text.passing = count == all && !text.text->goes_on() && !virtual_blocks;
  const std::int64_t positions = count + (text.sequence.length() == 0 ? virtual_tokens_ : 0);
  if (!text.passing && !make_room(text, positions)) return;
  using enum nn::KvCache::Room;
  cache_.reserve(text.sequence, positions, text.passing ? kOneLayer : kAllLayers);
  pieces.push_back({&text, done, count});
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

// After a throw the sequences are as they were, or empty.
Tensor Engine::forward(const nn::Packed& batch, const std::vector<Piece>& pieces,
                       std::span<const std::int64_t> last_rows) {
  std::vector<nn::KvCache::Sequence*> sequences;
  for (const Piece& piece : pieces) sequences.push_back(&piece.text->sequence);
  try {
    return model_.forward(
        batch,
        {.cache = &cache_, .sequences = sequences, .last_rows = last_rows, .interrupted = &options_.interrupted});
  } catch (...) {
    for (const Piece& piece : pieces) compute_again(*piece.text, piece.begin);
    throw;
  }
}

// From token `from` on.
void Engine::compute_again(Running& text, std::int64_t from) const {
  const bool passed = text.passing && computed(text) > from;
  if (passed || from == 0)
    text.sequence = {};
  else
    cache_.truncate(text.sequence, from + virtual_tokens_);
}

void Engine::compute(const std::vector<Piece>& pieces) {
  nn::Packed batch;
  std::vector<std::int64_t> last_rows;
  std::vector<Row> rows;
  std::int64_t hidden = 0;
  for (const Piece& piece : pieces) {
    const Text& text = *piece.text->text;
    const auto ids = std::span(text.ids());
    batch.add(ids.subspan(static_cast<std::size_t>(piece.begin), static_cast<std::size_t>(piece.count)), {},
              static_cast<std::int32_t>(piece.text->sequence.length()));
    const std::int64_t scored = piece.end() - std::min(piece.end(), std::max(piece.begin, text.first_scored()));
    for (std::int64_t i = 0; i < scored; ++i) rows.push_back({piece.text, static_cast<std::int32_t>(hidden + i)});
    hidden += last_rows.emplace_back(std::max<std::int64_t>(1, scored));
  }
  const Tensor states = forward(batch, pieces, last_rows);
  figures_.computed += batch.rows();
  for (const Piece& piece : pieces) {
    const Running& text = *piece.text;
    if (piece.end() == text.shared) remember(text, text.shared);
    if (text.kept == Kept::kAll && piece.count > 1) remember(text, full_blocks(text.sequence) - virtual_tokens_);
  }
  take(rows, states);
}

void Engine::take(const std::vector<Row>& rows, const Tensor& hidden) {
  std::size_t taken = 0;
  Running* takes = nullptr;
  try {
    while (taken < rows.size()) {
      std::vector<std::int32_t> some;
      for (std::size_t i = taken; i < std::min(rows.size(), taken + kScoresAtOnce); ++i) some.push_back(rows[i].hidden);
      Tensor scores = model_.logits(hidden, some);
      const auto vocabulary = static_cast<std::size_t>(scores.size(1));
      for (std::size_t i = 0; i < some.size(); ++i, ++taken) {
        takes = rows[taken].text;
        takes->text->take(scores.data<float>().subspan(i * vocabulary, vocabulary));
        takes = nullptr;
      }
    }
  } catch (...) {
    if (takes != nullptr) takes->text->stop();
    for (std::size_t i = taken; i < rows.size(); ++i)
      if (rows[i].text != takes) compute_again(*rows[i].text, rows[i].text->text->first_scored());
    throw;
  }
}

// Texts that go on from an ended one take its place.
void Engine::remove_ended() {
  for (std::size_t i = 0; i < texts_.size();) {
    if (!texts_[i]->text->ended()) {
      ++i;
      continue;
    }
    const std::unique_ptr<Running> text = std::move(texts_[i]);
    texts_.erase(texts_.begin() + static_cast<std::ptrdiff_t>(i));  // before its callback, which may throw
    const bool whole = missing(*text) == 0;
    for (auto& next : text->text->next()) {
      Running made{.id = text->id, .text = std::move(next), .kept = text->kept};
      if (whole) made.sequence = text->sequence;
      texts_.insert(texts_.begin() + static_cast<std::ptrdiff_t>(i++), std::make_unique<Running>(std::move(made)));
    }
    if (text->kept == Kept::kAll) remember(*text, computed(*text));
    text->sequence = {};
    text->text->finish();
  }
}

bool Engine::step() {
  take_submitted();
  const bool ended = std::ranges::any_of(texts_, [](const auto& text) { return text->text->ended(); });
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
