#include "linnet/generate/engine.h"

#include <algorithm>
#include <utility>

#include "linnet/base/error.h"
#include "linnet/base/parallel.h"
#include "linnet/generate/beam_text.h"

namespace linnet::generate {
namespace {
// Logits at a time, and rows at least: more take memory outside the pool and save little time.
constexpr std::size_t kScoresAtOnce = std::size_t{4} << 20, kScoredRows = 16;

std::int64_t blocks_of(std::int64_t positions) { return (positions + kKvBlock - 1) / kKvBlock; }
std::int64_t full_blocks(const nn::KvCache::Sequence& sequence) { return sequence.length() / kKvBlock * kKvBlock; }

nn::KvCache make_pool(const models::Model& model, std::size_t memory) {
  if (memory == nn::KvCache::kUnbounded) return model.make_cache();
  const std::size_t block = model.make_cache().bytes_per_position() * kKvBlock;
  check(memory >= block, "{} bytes do not hold the keys and values of {} tokens; give {} or more", memory, kKvBlock,
        block);
  return model.make_cache(memory / block);
}

std::shared_ptr<const nn::SequenceAdapter> adapter_of(const models::Model& model) {
  const auto& lora = model.pass().lora;
  if (lora.empty() && model.virtual_tokens().count() == 0) return nullptr;
  return std::make_shared<nn::SequenceAdapter>(nn::SequenceAdapter{
      .lora = lora.empty() ? nullptr : lora.front().updates, .virtual_tokens = model.virtual_tokens()});
}

// Refuses an adapter of another model: its modules are not found here, or its tensors have other shapes.
void check_fits(const models::Model& model, const nn::SequenceAdapter& adapter) {
  const nn::TransformerConfig& c = model.config();
  const auto fits = [](const Tensor& t, std::int64_t width) { return !t || (t.rank() == 2 && t.size(1) == width); };
  bool prefix = adapter.virtual_tokens.prefix.empty() || std::ssize(adapter.virtual_tokens.prefix) == c.layers;
  for (const nn::PrefixKv& layer : adapter.virtual_tokens.prefix)
    prefix = prefix && layer.keys && layer.values && fits(layer.keys, c.kv_heads * c.head_dim) &&
             layer.values.shape() == layer.keys.shape();
  std::int64_t found = 0;
  bool lora = true;
  const auto look = [&](const void* module, std::int64_t out, std::int64_t in, int in_side) {
    const nn::LoraDelta* delta = adapter.lora == nullptr ? nullptr : adapter.lora->find(module);
    if (delta == nullptr) return;
    ++found;
    lora = lora && delta->a.size(in_side) == in && delta->b.size(0) == out;
  };
  // The parts of a model are only handed out for change; here they are read.
  for (const nn::NamedLinear& l : const_cast<models::Model&>(model).linears())
    look(l.linear, l.linear->out(), l.linear->in(), 1);
  look(&model.embeddings(), c.embedding_width(), c.vocab, 0);
  check(lora && prefix && fits(adapter.virtual_tokens.prompt, c.hidden) && (adapter.lora == nullptr || found > 0),
        "the adapter of a request was loaded for another model; load it for the engine's");
}

// Keys of the prefix index for the virtual tokens and `ids`.
std::vector<std::int32_t> positions_of(std::int64_t virtual_tokens, std::span<const std::int32_t> ids) {
  std::vector<std::int32_t> positions(static_cast<std::size_t>(virtual_tokens), -1);
  positions.insert(positions.end(), ids.begin(), ids.end());
  return positions;
}

}  // namespace

// Which blocks of a text others may reuse: those of a prefix that they are said to share, of the prompt, or all.
enum class Kept : std::uint8_t { kShared, kPrompt, kAll };

// The text that a decoder reads, shared by the texts that continue each other.
struct Encoding {
  std::vector<std::int32_t> ids;
  nn::KvCache::Sequence sequence = {};  // keys and values of cross attention; empty until a step encodes the text
};

struct Engine::Running {
  RequestId id = 0;
  std::unique_ptr<Text> text;
  Kept kept;
  std::shared_ptr<const nn::SequenceAdapter> adapter = {};
  std::int64_t shared = 0;  // first tokens that are computed alone, since others share them
  std::int64_t virtual_tokens = 0;
  nn::KvCache::Sequence sequence = {};
  std::shared_ptr<Encoding> encoding = {};  // null: there is no encoder
  bool passing = false;                     // its last pass kept one layer, so nothing can continue it

  bool waits() const { return text->first_scored() == std::ssize(text->ids()); }
};

// Tokens of a text that a step computes.
struct Engine::Piece {
  Running* text;
  std::int64_t begin, count;
  std::int64_t encodes;  // rows of its encoder, before it
  std::int64_t end() const { return begin + count; }
};

// A hidden row whose logits a text needs.
struct Engine::Row {
  Running* text;
  std::int32_t hidden;
};

Engine::Engine(const models::Model& model, EngineOptions options)
    : model_(model),
      options_(std::move(options)),
      cache_(make_pool(model, options_.memory)),
      own_(adapter_of(model)),
      reads_encoder_(model.config().stack == nn::Stack::kEncoderDecoder),
      rotates_by_length_(nn::depends_on_length(model.config().rope.kind)),
      keeps_prefixes_(!rotates_by_length_ && !reads_encoder_) {
  check(options_.batch_tokens > 0, "batch_tokens is {}; give 1 or more", options_.batch_tokens);
}

Engine::~Engine() = default;

// The adapter that a request names, or the model's own.
std::shared_ptr<const nn::SequenceAdapter> Engine::usable(
    const std::shared_ptr<const nn::SequenceAdapter>& asked) const {
  check(asked == nullptr || !reads_encoder_, "requests of an encoder-decoder have no adapter of their own");
  if (asked == nullptr) return own_;
  check_fits(model_, *asked);
  return asked;
}

RequestId Engine::submit(Request request) {
  const auto adapter = usable(request.adapter);
  auto encoder_ids = request.encoder_ids;
  check_beams(request.options);
  const bool beams = request.options.beams.num_beams > 1;
  std::unique_ptr<Text> text;
  if (beams)
    text = std::make_unique<BeamText>(model_, std::move(request));
  else
    text = std::make_unique<Continuation>(model_, std::move(request));
  const Kept kept = beams ? Kept::kPrompt : Kept::kAll;
  return submit(Running{.text = std::move(text), .kept = kept, .adapter = adapter}, std::move(encoder_ids));
}

RequestId Engine::submit(ScoreRequest request) {
  const std::int64_t shared = keeps_prefixes_ ? std::min(request.shared, std::ssize(request.prompt) - 1) : 0;
  const auto adapter = usable(request.adapter);
  auto encoder_ids = request.encoder_ids;
  auto text = std::make_unique<Scoring>(model_, std::move(request));
  return submit(Running{.text = std::move(text), .kept = Kept::kShared, .adapter = adapter, .shared = shared},
                std::move(encoder_ids));
}

RequestId Engine::submit(EncodeRequest request) {
  EncodeQueue::check_request(model_, request);
  const std::lock_guard lock(mutex_);
  encodings_.add(++last_id_, std::move(request));
  return last_id_;
}

RequestId Engine::submit(Running text, std::vector<std::int32_t> encoder_ids) {
  check_encoder_ids(model_, encoder_ids);
  if (reads_encoder_) text.encoding = std::make_shared<Encoding>(Encoding{.ids = std::move(encoder_ids)});
  text.virtual_tokens =
      reads_encoder_ || text.adapter == nullptr ? model_.virtual_positions() : text.adapter->virtual_tokens.count();
  const std::int64_t longest = text.text->longest() + text.virtual_tokens, encoder = rows_to_encode(text);
  const std::int64_t texts = text.text->texts();
  const std::size_t all = cache_.capacity();
  check(static_cast<std::size_t>(texts * blocks_of(longest) + blocks_of(encoder)) <= all,
        "{} text(s) of up to {} tokens do not fit into memory for {}; ask for fewer new tokens or give more memory",
        texts, longest + encoder, all * kKvBlock);
  const std::lock_guard lock(mutex_);
  text.id = ++last_id_;
  submitted_.push_back(std::move(text));
  return last_id_;
}

void Engine::cancel(RequestId id) {
  encodings_.cancel(id);
  const std::lock_guard lock(mutex_);
  cancelled_.push_back(id);
}

void Engine::take_submitted() {
  const std::lock_guard lock(mutex_);
  texts_.splice(texts_.end(), submitted_);
  if (cancelled_.empty()) return;
  std::ranges::sort(cancelled_);
  for (const Running& text : texts_)
    if (std::ranges::binary_search(cancelled_, text.id)) text.text->stop();
  cancelled_.clear();
}

// Number of tokens of a text whose keys and values are in its blocks, and of the others.
std::int64_t Engine::computed(const Running& text) const {
  return std::max<std::int64_t>(0, text.sequence.length() - text.virtual_tokens);
}
std::int64_t Engine::rows_to_encode(const Running& text) const {
  if (text.encoding == nullptr || !text.encoding->sequence.blocks().empty()) return 0;
  const nn::VirtualTokens& learned = model_.virtual_tokens();
  return std::ssize(text.encoding->ids) + nn::length_of(learned.cross_prefix) +
         (learned.prompt ? learned.prompt.size(0) : 0);
}
std::int64_t Engine::missing(const Running& text) const { return std::ssize(text.text->ids()) - computed(text); }

void Engine::remember(const Running& text, std::int64_t count) {
  if (!keeps_prefixes_ || count <= 0) return;
  const auto ids = std::span(text.text->ids()).first(static_cast<std::size_t>(count));
  prefixes_.add(text.adapter, positions_of(text.virtual_tokens, ids), text.sequence);
}

// Frees what only `text` holds. Returns false if that is nothing.
bool Engine::release(Running& text, const Running& asking) {
  const bool any = !text.sequence.blocks().empty();
  text.sequence = {};
  if (text.encoding == nullptr || text.encoding == asking.encoding || text.encoding->sequence.blocks().empty())
    return any;
  const auto reads_it = [&](const Running& other) {
    return other.encoding == text.encoding && !other.sequence.blocks().empty();
  };
  if (std::ranges::any_of(texts_, reads_it)) return any;
  text.encoding->sequence = {};
  return true;
}

// Returns false if `text` has to wait: only younger texts are preempted for it.
bool Engine::make_room(const Running& text, std::int64_t count) {
  std::size_t wanted = cache_.blocks_wanted(text.sequence, count);
  if (text.encoding) wanted += cache_.blocks_wanted(text.encoding->sequence, rows_to_encode(text));
  while (cache_.free_blocks() < wanted) {
    if (prefixes_.evict()) continue;
    auto youngest = texts_.rbegin();
    while (&*youngest != &text && !release(*youngest, text)) ++youngest;
    if (&*youngest == &text) return false;
    ++figures_.waits;
  }
  return true;
}

// Reuses cached blocks of earlier texts. Returns false if a text of this step computes a longer shared prefix.
bool Engine::begin(Running& text, const std::vector<Piece>& pieces) {
  const std::span<const std::int32_t> ids = text.text->ids();
  const auto before = ids.first(static_cast<std::size_t>(text.text->first_scored()));
  if (keeps_prefixes_) text.sequence = prefixes_.find(text.adapter, positions_of(text.virtual_tokens, before), cache_);
  if (computed(text) == 0) text.sequence = {};  // virtual tokens alone are not reused
  if (text.shared <= computed(text)) return true;
  const auto shared = ids.first(static_cast<std::size_t>(text.shared));
  const auto computes_it = [&](const Piece& piece) {
    const std::span<const std::int32_t> other = piece.text->text->ids();
    return piece.text->adapter == text.adapter && piece.text->shared >= text.shared && piece.begin < text.shared &&
           std::ranges::equal(shared, other.first(shared.size()));
  };
  if (std::ranges::none_of(pieces, computes_it)) return true;
  text.sequence = {};
  return false;
}

// Returns false if the pool is full.
bool Engine::add_piece(Running& text, std::int64_t budget, std::vector<Piece>& pieces) {
  if (budget <= 0) return true;
  const bool begins = text.sequence.blocks().empty();
  if (begins && !begin(text, pieces)) return true;
  const std::int64_t done = computed(text), all = missing(text);
  const std::int64_t wanted = done < text.shared ? text.shared - done : all, encodes = rows_to_encode(text);
  if (encodes >= budget) return true;
  const bool whole = text.kept == Kept::kShared && rotates_by_length_;  // its rotation depends on the end of a piece
  const std::int64_t count = whole ? all : std::min(wanted, budget - encodes);
  const bool virtual_blocks = text.adapter && !text.adapter->virtual_tokens.prefix.empty();  // they have all layers
  text.passing = count == all && !text.text->goes_on() && !virtual_blocks;
  const std::int64_t positions = count + (text.sequence.length() == 0 ? text.virtual_tokens : 0);
  if (!make_room(text, text.passing ? 0 : positions)) {
    if (begins) text.sequence = {};
    return false;
  }
  if (begins) {
    figures_.found += done;
    text.text->found(done);
  }
  pieces.push_back({&text, done, count, encodes});
  using enum nn::KvCache::Room;
  cache_.reserve(text.sequence, positions, text.passing ? kOneLayer : kAllLayers);
  if (encodes > 0) cache_.reserve(text.encoding->sequence, encodes);
  return true;
}

// Plans the next step: one token of every running text, and chunks of the others while there is room, oldest first.
void Engine::plan(std::vector<Piece>& pieces) {
  const auto runs = [&](const Running& text) {
    return text.kept != Kept::kShared && !text.waits() && missing(text) == 1 && rows_to_encode(text) == 0;
  };
  std::int64_t running = std::ranges::count_if(texts_, runs), left = options_.batch_tokens;
  bool full = false, encodes = false;
  const Running* first = nullptr;
  for (Running& text : texts_) {
    if (left <= 0 && running == 0) return;
    if (text.waits()) continue;
    if (first == nullptr) first = &text;
    const bool one = runs(text);
    if (one) --running;
    if (full && text.sequence.blocks().empty()) continue;
    const std::size_t before = pieces.size();
    const bool oldest = &text == first;
    // The first text that a step encodes may exceed the budget: it cannot be divided.
    const bool exceeds = oldest || (!encodes && left > running);
    const std::int64_t budget = one ? 1 : std::max(exceeds ? 1 + rows_to_encode(text) : 0, left - running);
    full = !add_piece(text, budget, pieces) || full;
    if (oldest && pieces.empty()) {  // it shares a block that it must write to, and no block is free for a copy
      text.sequence = {};
      text.shared = 0;
      while (prefixes_.evict()) {
      }
      add_piece(text, budget, pieces);
    }
    if (pieces.size() == before) continue;
    left -= pieces.back().count + pieces.back().encodes;
    encodes = encodes || pieces.back().encodes > 0;
  }
}

// Drops the cache from token `from` on.
void Engine::compute_again(Running& text, std::int64_t from) const {
  if (computed(text) < from) return;
  const bool passed = text.passing && computed(text) > from;
  if (passed || from == 0)
    text.sequence = {};
  else
    cache_.truncate(text.sequence, from + text.virtual_tokens);
}

// Makes texts with the same adapter adjacent, so that one product has all their rows.
void Engine::group_by_adapter(std::vector<Piece>& pieces) {
  for (auto first = pieces.begin(); first != pieces.end();)
    first = std::stable_partition(first, pieces.end(), [adapter = first->text->adapter](const Piece& piece) {
      return piece.text->adapter == adapter;
    });
}

// Encodes what the decoder will read of the texts that begin.
void Engine::encode(const std::vector<Piece>& pieces) {
  nn::Packed batch;
  std::vector<nn::KvCache::Sequence*> sequences;
  for (const Piece& piece : pieces) {
    if (piece.encodes == 0) continue;
    batch.add(piece.text->encoding->ids);
    sequences.push_back(&piece.text->encoding->sequence);
  }
  if (sequences.empty()) return;
  figures_.computed += batch.rows();
  figures_.encoded += batch.rows();
  model_.store_encoded(model_.encode(batch, {.interrupted = &options_.interrupted}), cache_, sequences);
}

// The hidden rows whose logits `rows` need.
Tensor Engine::forward(const std::vector<Piece>& pieces, std::vector<Row>& rows) {
  nn::Packed batch;
  std::vector<nn::KvCache::Sequence*> sequences, encoded;
  std::vector<const nn::SequenceAdapter*> adapters;
  std::vector<std::int64_t> last_rows;
  std::int64_t hidden = 0;
  for (const Piece& piece : pieces) {
    const Text& text = *piece.text->text;
    const auto ids = std::span(text.ids());
    batch.add(ids.subspan(static_cast<std::size_t>(piece.begin), static_cast<std::size_t>(piece.count)), {},
              static_cast<std::int32_t>(piece.text->sequence.length()));
    sequences.push_back(&piece.text->sequence);
    if (reads_encoder_)
      encoded.push_back(&piece.text->encoding->sequence);
    else
      adapters.push_back(piece.text->adapter.get());
    const std::int64_t scored = std::max<std::int64_t>(0, piece.end() - std::max(piece.begin, text.first_scored()));
    for (std::int64_t i = 0; i < scored; ++i) rows.push_back({piece.text, static_cast<std::int32_t>(hidden + i)});
    hidden += last_rows.emplace_back(std::max<std::int64_t>(1, scored));
  }
  figures_.computed += batch.rows();
  return model_.forward(batch, {.cache = &cache_,
                                .sequences = sequences,
                                .encoded = encoded,
                                .adapters = adapters,
                                .last_rows = last_rows,
                                .interrupted = &options_.interrupted});
}

Tensor Engine::logits(const Tensor& hidden, std::span<const Row> rows) const {
  std::vector<std::int32_t> wanted;
  std::vector<const nn::SequenceAdapter*> adapters;
  for (const Row& row : rows) {
    wanted.push_back(row.hidden);
    adapters.push_back(row.text->adapter.get());
  }
  return (reads_encoder_ ? model_.logits(hidden, wanted) : model_.logits(hidden, wanted, adapters)).to(kCpu);
}

void Engine::take(const std::vector<Row>& rows, const Tensor& hidden) {
  const std::size_t most = std::max(kScoredRows, kScoresAtOnce / static_cast<std::size_t>(model_.config().vocab));
  std::size_t taken = 0;
  Running* takes = nullptr;
  try {
    while (taken < rows.size()) {
      const auto some = std::span(rows).subspan(taken, std::min(most, rows.size() - taken));
      const Tensor scores = logits(hidden, some);
      const auto vocabulary = static_cast<std::size_t>(scores.size(1));
      const auto of = [&](auto i) {
        return scores.data<float>().subspan(static_cast<std::size_t>(i) * vocabulary, vocabulary);
      };
      const std::int64_t grain = 1 + 16384 / scores.size(1);  // little work stays on one thread
      parallel_for(std::ssize(some), grain, [&](std::int64_t begin, std::int64_t end) {
        for (auto i = begin; i < end; ++i) some[static_cast<std::size_t>(i)].text->text->prepare(of(i));
      });
      for (std::size_t i = 0; i < some.size(); ++i, ++taken) {
        takes = rows[taken].text;
        takes->text->take(of(i));
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

// Replaces ended texts by those that continue them. Returns true if any ended.
bool Engine::remove_ended() {
  bool any = false;
  for (auto at = texts_.begin(); at != texts_.end();) {
    if (!at->text->ended()) {
      ++at;
      continue;
    }
    Texts removed;  // destroyed before its callback, which may throw
    removed.splice(removed.end(), texts_, at++);
    Running& text = removed.front();
    for (auto& next : text.text->next()) {
      Running& made = *texts_.insert(at, Running{.id = text.id,
                                                 .text = std::move(next),
                                                 .kept = text.kept,
                                                 .adapter = text.adapter,
                                                 .virtual_tokens = text.virtual_tokens,
                                                 .encoding = text.encoding});
      if (missing(text) == 0) made.sequence = text.sequence;
    }
    if (text.kept == Kept::kAll) remember(text, computed(text));
    text.sequence = {};
    text.encoding = nullptr;
    any = true;
    text.text->finish();
  }
  return any;
}

// Texts to encode have the rows of a step that the others leave, so that neither kind waits for the other.
bool Engine::step() {
  const std::int64_t before = figures_.computed;
  const bool any = step_texts();
  const std::int64_t left = options_.batch_tokens - (figures_.computed - before);
  return encodings_.step(model_, left, options_.interrupted, figures_.computed) || any;
}

bool Engine::step_texts() {
  take_submitted();
  const bool ended = remove_ended();
  if (texts_.empty()) return ended;
  std::vector<Piece> pieces;
  std::vector<Row> rows;
  Tensor hidden;
  try {
    plan(pieces);
    LINNET_ASSERT(!pieces.empty());
    group_by_adapter(pieces);
    encode(pieces);
    hidden = forward(pieces, rows);
  } catch (...) {  // the sequences are unchanged or empty
    for (const Piece& piece : pieces) {
      compute_again(*piece.text, piece.begin);
      if (piece.encodes > 0) piece.text->encoding->sequence = {};
    }
    throw;
  }
  take(rows, hidden);
  for (const Piece& piece : pieces) {
    const Running& text = *piece.text;
    if (piece.end() == text.shared) remember(text, text.shared);
    if (text.kept != Kept::kShared && piece.count > 1) remember(text, full_blocks(text.sequence) - text.virtual_tokens);
  }
  remove_ended();
  return true;
}

void Engine::forget_all_but(std::span<const std::int32_t> prompt) {
  const std::int64_t virtual_tokens = own_ == nullptr ? 0 : own_->virtual_tokens.count();
  const nn::KvCache::Sequence kept = prefixes_.find(own_, positions_of(virtual_tokens, prompt), cache_);
  while (prefixes_.evict()) {
  }
}

EngineFigures Engine::figures() const {
  EngineFigures figures = figures_;
  const std::lock_guard lock(mutex_);
  figures.requests = texts_.size() + submitted_.size() + encodings_.size();
  figures.blocks_used = cache_.used_blocks();
  figures.blocks_all = cache_.capacity();
  return figures;
}

}  // namespace linnet::generate
