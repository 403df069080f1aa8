#include "linnet/nn/transformer.h"

#include <algorithm>
#include <numeric>

#include "linnet/base/error.h"

namespace linnet::nn {
namespace {

// True if sequence `s` of the batch begins here.
bool begins(const ForwardState& state, std::int64_t s) {
  return state.sequences.empty() || state.sequences[static_cast<std::size_t>(s)]->length() == 0;
}

// The learned rows of sequence `s`.
Tensor prompt_of(const ForwardState& state, std::int64_t s) {
  if (state.adapters.empty()) return state.prompt_embeddings;
  const SequenceAdapter* adapter = state.adapters[static_cast<std::size_t>(s)];
  return adapter == nullptr ? Tensor() : adapter->virtual_tokens.prompt;
}
std::span<const PrefixKv> prefix_of(const ForwardState& state, std::int64_t s) {
  if (state.adapters.empty()) return state.prefix;
  const SequenceAdapter* adapter = state.adapters[static_cast<std::size_t>(s)];
  return adapter == nullptr ? std::span<const PrefixKv>() : std::span(adapter->virtual_tokens.prefix);
}

bool any_prompt(const Packed& batch, const ForwardState& state) {
  for (std::int64_t s = 0; s < batch.sequences(); ++s)
    if (begins(state, s) && prompt_of(state, s)) return true;
  return false;
}

// The batch with the virtual tokens of every sequence that begins, and the source of each row.
struct Prompted {
  Packed batch;
  std::vector<Tensor> sources = {};  // the text's rows, then prompts
  std::vector<std::pair<std::int32_t, std::int32_t>> rows = {};
  std::vector<std::int32_t> text_rows = {};  // new position of each text row
};

Prompted with_virtual_tokens(const Packed& text, const Tensor& x, const ForwardState& state) {
  Prompted p;
  p.sources.push_back(x);
  for (std::int64_t s = 0; s < text.sequences(); ++s) {
    const Tensor prompt = begins(state, s) ? prompt_of(state, s) : Tensor();
    if (prompt && !prompt.same(p.sources.back())) p.sources.push_back(prompt);
    const std::int32_t own = prompt ? static_cast<std::int32_t>(prompt.size(0)) : 0;
    for (std::int32_t i = 0; i < own; ++i) {
      p.rows.emplace_back(static_cast<std::int32_t>(p.sources.size()) - 1, i);
      p.batch.ids.push_back(kNoToken);
      p.batch.positions.push_back(i);
      if (!text.type_ids.empty()) p.batch.type_ids.push_back(0);
    }
    for (auto r = text.starts[static_cast<std::size_t>(s)]; r < text.starts[static_cast<std::size_t>(s) + 1]; ++r) {
      const auto at = static_cast<std::size_t>(r);
      p.rows.emplace_back(0, r);
      p.text_rows.push_back(static_cast<std::int32_t>(p.batch.ids.size()));
      p.batch.ids.push_back(text.ids[at]);
      p.batch.positions.push_back(text.positions[at] + own);
      if (!text.type_ids.empty()) p.batch.type_ids.push_back(text.type_ids[at]);
    }
    p.batch.starts.push_back(static_cast<std::int32_t>(p.batch.ids.size()));
  }
  return p;
}

// Positions of the sequences that begin, shifted by their prefixes.
Packed shifted(Packed batch, const ForwardState& state) {
  for (std::int64_t s = 0; s < batch.sequences(); ++s) {
    const std::int64_t by = begins(state, s) ? length_of(prefix_of(state, s)) : 0;
    for (auto r = batch.starts[static_cast<std::size_t>(s)]; r < batch.starts[static_cast<std::size_t>(s) + 1]; ++r)
      batch.positions[static_cast<std::size_t>(r)] += static_cast<std::int32_t>(by);
  }
  return batch;
}

std::int64_t table_length(const Packed& batch) {
  return batch.positions.empty() ? 1 : 1 + *std::max_element(batch.positions.begin(), batch.positions.end());
}

PrefixKv of_layer(std::span<const PrefixKv> prefix, std::size_t layer) {
  return prefix.empty() ? PrefixKv() : prefix[layer];
}

}  // namespace

std::int64_t length_of(std::span<const PrefixKv> prefix) { return prefix.empty() ? 0 : prefix.front().keys.size(0); }

std::vector<LoraRows> lora_rows(std::span<const SequenceAdapter* const> adapters,
                                std::span<const std::int32_t> starts) {
  std::vector<LoraRows> rows;
  for (std::size_t s = 0; s < adapters.size(); ++s) {
    if (adapters[s] == nullptr || adapters[s]->lora == nullptr) continue;
    const bool goes_on = !rows.empty() && rows.back().updates == adapters[s]->lora && rows.back().end == starts[s];
    if (!goes_on) rows.push_back({adapters[s]->lora, starts[s], starts[s]});
    rows.back().end = starts[s + 1];
  }
  return rows;
}

Transformer::Transformer(const TransformerConfig& config)
    : config_(config), embeddings_(config), layers_(make_layers(config.layers, Block::Cross::kNone)), head_(config) {
  if (config.token_projection) output_projection_ = Linear(config.hidden, config.embedding_width(), false);
  if (config.stack != Stack::kEncoderDecoder) return;
  decoder_embeddings_ = Embeddings(config, Embeddings::Tokens::kShared);
  decoder_layers_ = make_layers(config.decoder_layers, Block::Cross::kReadsEncoder);
}

Transformer::Layers Transformer::make_layers(std::int64_t count, Block::Cross cross) const {
  Layers made;
  made.count = count;
  made.bias_per_layer = config_.distance_bias_per_layer;
  const std::int64_t distinct = config_.layer_groups > 0 ? std::min(config_.layer_groups, count) : count;
  for (std::int64_t i = 0; i < distinct; ++i) made.blocks.emplace_back(config_, cross, i);
  const bool causal = config_.stack == Stack::kDecoder || cross == Block::Cross::kReadsEncoder;
  using enum DistanceBias::Direction;
  const std::int64_t tables = config_.distance_buckets == 0 ? 0 : config_.distance_bias_per_layer ? count : 1;
  for (std::int64_t i = 0; i < tables; ++i) made.distance_biases.emplace_back(config_, causal ? kBackward : kBoth);
  if (config_.relative_span > 0) made.relative = RelativePositions(config_);
  if (config_.final_norm) made.final_norm = NormLayer(config_, config_.hidden);
  return made;
}

void Transformer::Layers::visit(Visitor& v) {
  v.enter("layers");
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    v.enter(std::to_string(i));
    blocks[i].visit(v);
    if (bias_per_layer) visit_child(v, "distance_bias", distance_biases[i]);
    v.leave();
  }
  v.leave();
  if (!distance_biases.empty() && !bias_per_layer) visit_child(v, "distance_bias", distance_biases.front());
  if (relative) visit_child(v, "relative_positions", relative);
  if (final_norm) visit_child(v, "final_norm", final_norm, Role::kNorm);
}

void Transformer::visit(Visitor& v) {
  if (config_.stack == Stack::kEncoderDecoder) {
    v.enter("encoder");
    visit_child(v, "embeddings", embeddings_);
    layers_.visit(v);
    v.leave();
    v.enter("decoder");
    visit_child(v, "embeddings", decoder_embeddings_);
    decoder_layers_.visit(v);
    v.leave();
  } else {
    if (config_.encoder_alone) v.enter("encoder");
    visit_child(v, "embeddings", embeddings_);
    layers_.visit(v);
    if (output_projection_) visit_child(v, "output_projection", output_projection_, Role::kProjection);
    if (config_.encoder_alone) v.leave();
  }
  head_.visit_pooler(v);
  visit_child(v, "head", head_);
}

void Transformer::tie() {
  if (config_.stack == Stack::kEncoderDecoder) decoder_embeddings_.share_tokens(embeddings_);
  head_.tie_offset();
}

void Transformer::replace_head(const TransformerConfig& config) {
  config_ = config;
  head_ = Head(config);
}

std::shared_ptr<const AttentionBatch> Transformer::attention_batch(const Layers& layers, Packed rows,
                                                                   const ForwardState& state, const Prefixes& prefixes,
                                                                   bool causal) const {
  auto batch = std::make_shared<AttentionBatch>();
  batch->rows = std::move(rows);
  batch->causal = causal;
  batch->cache = state.cache;
  batch->cached = state.sequences;
  batch->encoded = state.encoded;
  if (config_.positions == Positions::kRotary) {
    batch->rotation = rotation(batch->rows, config_.rope, rope_);
    if (config_.window_rope) batch->window_rotation = rotation(batch->rows, *config_.window_rope, window_rope_);
  }
  if (layers.relative) {
    std::int64_t longest = 0;
    for (std::int64_t s = 0; s < batch->rows.sequences(); ++s) longest = std::max(longest, batch->rows.length(s));
    batch->relative = layers.relative(longest);
  }
  if (config_.positions == Positions::kAlibi) batch->alibi_slopes = alibi_slopes(config_.heads);
  const std::vector<std::int32_t>& starts = batch->rows.starts;
  batch->own = {starts, starts, length_of(prefixes.own)};
  if (state.encoder != nullptr) batch->cross = {starts, state.encoder->starts, length_of(prefixes.cross)};
  return batch;
}

// Stores the prefix in the cache of each sequence that begins, as if its rows had been computed.
void Transformer::store_prefixes(const ForwardState& state) const {
  for (std::size_t s = 0; s < state.sequences.size(); ++s) {
    KvCache::Sequence* sequence = state.sequences[s];
    const std::span<const PrefixKv> prefix = prefix_of(state, static_cast<std::int64_t>(s));
    const std::int64_t count = length_of(prefix);
    if (sequence->length() > 0 || count == 0) continue;
    state.cache->reserve(*sequence, count);
    for (std::size_t layer = 0; layer < prefix.size(); ++layer)
      state.cache->store(*sequence, static_cast<std::int64_t>(layer), state.cache->heads_of(prefix[layer].keys),
                         state.cache->heads_of(prefix[layer].values));
    state.cache->advance(*sequence, count);
  }
}

Rotation Transformer::rotation(const Packed& rows, const Rope& rope, RopeCache& cache) const {
  if (!depends_on_length(rope.kind))
    return {cache.table(config_, rope, table_length(rows), token_table().device()), rows.positions};
  std::vector<std::int32_t> lengths;
  for (std::size_t s = 0; s + 1 < rows.starts.size(); ++s) {
    const auto n = static_cast<std::size_t>(rows.starts[s + 1] - rows.starts[s]);
    if (n > 0) lengths.insert(lengths.end(), n, rows.positions[static_cast<std::size_t>(rows.starts[s + 1]) - 1] + 1);
  }
  Rotation rotation{RopeCache::per_row(config_, rope, rows.positions, lengths, token_table().device()), rows.positions};
  std::iota(rotation.rows.begin(), rotation.rows.end(), 0);
  return rotation;
}

Tensor Transformer::run_blocks(const Layers& layers, Tensor x, const Tensor& source, const Prefixes& prefixes,
                               const std::shared_ptr<const AttentionBatch>& batch, const Pass& pass,
                               const std::vector<std::int32_t>& wanted,
                               const std::function<bool()>* interrupted) const {
  Tensor bias;
  for (std::int64_t i = 0; i < layers.count; ++i) {
    if (const auto which = static_cast<std::size_t>(i); which < layers.distance_biases.size())
      bias = layers.distance_biases[which]();
    if (interrupted != nullptr && *interrupted && (*interrupted)()) throw Interrupted{};
    const bool last = i + 1 == layers.count;
    const auto run = [&block = layers.block(i), i, batch, pass,
                      rows = last ? wanted : std::vector<std::int32_t>()](const std::vector<Tensor>& in) {
      return block({i, in[0], {in[1], in[2]}, in[3], {in[4], in[5]}, in[6], in[7]}, *batch, pass, rows);
    };
    const PrefixKv own = of_layer(prefixes.own, static_cast<std::size_t>(i)),
                   cross = of_layer(prefixes.cross, static_cast<std::size_t>(i));
    // Every tensor that may require a gradient is an explicit input: the backward pass of a recomputed block must stop
    // there.
    const std::vector<Tensor> inputs{x,          own.keys,     own.values, source,
                                     cross.keys, cross.values, bias,       batch->relative.rows};
    x = pass.recompute ? recompute(run, inputs) : run(inputs);
  }
  return layers.final_norm ? pass.drop(layers.final_norm(x), config_.final_dropout, 0, Site::kFinal) : x;
}

Transformer::Rows Transformer::run(const Layers& layers, const Embeddings& embeddings, const Packed& text,
                                   const ForwardState& state, Prefixes prefixes, bool causal, const Pass& given) const {
  Pass pass = given;
  if (!state.adapters.empty()) pass.lora = lora_rows(state.adapters, text.starts);
  Tensor x = embeddings.tokens(text, pass);
  Prompted prompted{text};
  if (any_prompt(text, state)) {
    prompted = with_virtual_tokens(text, x, state);
    x = interleave_rows(prompted.sources, prompted.rows);
  }
  const bool own_prefixes = !prefixes.own.empty() || !state.adapters.empty();
  if (own_prefixes) prompted.batch = shifted(std::move(prompted.batch), state);
  if (own_prefixes && state.cache != nullptr) {
    store_prefixes(state);
    prefixes.own = {};
  }
  const auto batch = attention_batch(layers, std::move(prompted.batch), state, prefixes, causal);
  const Packed& rows = batch->rows;
  if (!state.adapters.empty()) pass.lora = lora_rows(state.adapters, rows.starts);
  for (std::size_t s = 0; s < state.sequences.size(); ++s)
    state.cache->reserve(*state.sequences[s], rows.length(static_cast<std::int64_t>(s)), state.room);

  x = embeddings.finish(x, rows, pass);
  const bool reads_encoder = state.encoder != nullptr || !state.encoded.empty();
  const std::vector<std::int32_t> wanted =
      state.last_rows.empty() ? one_row_each(rows, state.output) : last_rows(rows, state.last_rows);
  // The last layer can skip rows, but causal attention, distances and windows need queries that are the last ones.
  const bool last_ones =
      causal || config_.distance_buckets > 0 || config_.relative_span > 0 || config_.window_of(layers.count - 1) > 0;
  const bool early = !reads_encoder && !(last_ones && state.output == OutputRows::kFirst);
  x = run_blocks(layers, x, state.encoder != nullptr ? state.encoder->hidden : Tensor(), prefixes, batch, pass,
                 early ? wanted : std::vector<std::int32_t>(), state.interrupted);
  if (!early && !wanted.empty()) x = gather_rows(x, wanted);
  if (output_projection_) x = output_projection_(x, wanted.empty() ? pass : pass.over(wanted));

  for (std::size_t s = 0; s < state.sequences.size(); ++s)
    state.cache->advance(*state.sequences[s], rows.length(static_cast<std::int64_t>(s)));
  return {x, rows.starts, wanted.empty() ? std::move(prompted.text_rows) : std::vector<std::int32_t>()};
}

void Transformer::check_adapters(const Packed& batch, const ForwardState& state) const {
  if (state.adapters.empty()) return;
  check(config_.stack != Stack::kEncoderDecoder,
        "[forward] sequences of an encoder-decoder have no adapters of their own");
  check(std::ssize(state.adapters) == batch.sequences(), "[forward] {} adapters for {} sequences",
        state.adapters.size(), batch.sequences());
  check(state.prefix.empty() && !state.prompt_embeddings, "[forward] sequences have adapters or shared virtual tokens");
  for (const SequenceAdapter* adapter : state.adapters)
    check(state.cache != nullptr || adapter == nullptr || adapter->virtual_tokens.prefix.empty(),
          "[forward] the prefix of a sequence's adapter needs a cache");
}

Transformer::Rows Transformer::run_only_stack(const Packed& batch, const ForwardState& state, const Pass& pass) const {
  return run(layers_, embeddings_, batch, state, {.own = state.prefix}, config_.stack == Stack::kDecoder, pass);
}

Tensor Transformer::forward(const Packed& batch, const ForwardState& state, const Pass& pass) const {
  check_adapters(batch, state);
  if (config_.stack != Stack::kEncoderDecoder) return run_only_stack(batch, state, pass).text();
  check(state.encoder != nullptr || !state.encoded.empty(),
        "[forward] a decoder of an encoder-decoder needs the encoder's output");
  const auto read = state.encoder != nullptr ? std::ssize(state.encoder->starts) - 1 : std::ssize(state.encoded);
  check(read == batch.sequences(), "[decoder] {} sequences read {} encoded ones", batch.sequences(), read);
  ForwardState own = state;
  own.prompt_embeddings = {};  // used by the encoder
  return run(decoder_layers_, decoder_embeddings_, batch, own, {state.prefix, state.cross_prefix}, true, pass).text();
}

Tensor Transformer::pooling_rows(const Packed& batch, const ForwardState& state, const Pass& pass) const {
  check(state.adapters.empty(), "[pooling] sequences have no adapters here; attach one to the model");
  if (config_.stack == Stack::kEncoderDecoder) return head_.pooling_rows(forward(batch, state, pass), batch);
  ForwardState pooling = state;
  pooling.output = head_.pooled_row();
  const Rows rows = run_only_stack(batch, pooling, pass);
  return pooling.output == OutputRows::kAll ? head_.pooling_rows(rows.text(), batch) : rows.hidden;
}

void Transformer::untie() {
  if (!head_.tied()) return;
  head_.untie(token_table());
  config_.tie_embeddings = false;
}

Encoded Transformer::encode(const Packed& batch, const ForwardState& state, const Pass& pass) const {
  check(config_.stack == Stack::kEncoderDecoder, "[encode] the model has no encoder next to its decoder");
  ForwardState own;
  own.prompt_embeddings = state.prompt_embeddings;
  own.prefix = state.encoder_prefix;
  own.interrupted = state.interrupted;
  Rows rows = run(layers_, embeddings_, batch, own, {.own = own.prefix}, false, pass);
  return {rows.hidden, std::move(rows.starts)};
}

void Transformer::store_encoded(const Encoded& encoded, std::span<const PrefixKv> cross_prefix, const KvCache& cache,
                                std::span<KvCache::Sequence* const> sequences, const Pass& pass) const {
  check(config_.stack == Stack::kEncoderDecoder, "[encode] the model has no encoder next to its decoder");
  check(std::ssize(sequences) + 1 == std::ssize(encoded.starts), "[encode] {} sequences for {} encoded ones",
        sequences.size(), encoded.starts.size() - 1);
  const std::int64_t learned = length_of(cross_prefix);
  for (std::size_t s = 0; s < sequences.size(); ++s)
    cache.reserve(*sequences[s], learned + encoded.starts[s + 1] - encoded.starts[s]);
  for (KvCache::Sequence* sequence : sequences) {
    for (std::size_t layer = 0; layer < cross_prefix.size(); ++layer)
      cache.store(*sequence, static_cast<std::int64_t>(layer), cache.heads_of(cross_prefix[layer].keys),
                  cache.heads_of(cross_prefix[layer].values));
    cache.advance(*sequence, learned);
  }
  for (std::int64_t i = 0; i < decoder_layers_.count; ++i)
    decoder_layers_.block(i).store_encoded(encoded.hidden, encoded.starts, i, cache, sequences, pass);
  for (std::size_t s = 0; s < sequences.size(); ++s)
    cache.advance(*sequences[s], encoded.starts[s + 1] - encoded.starts[s]);
}

}  // namespace linnet::nn
