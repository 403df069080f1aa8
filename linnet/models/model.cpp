#include "linnet/models/model.h"

#include <algorithm>
#include <numeric>

#include "linnet/base/file.h"
#include "linnet/models/loader.h"
#include "linnet/models/model_files.h"
#include "linnet/models/roles.h"
#include "linnet/nn/finite.h"

namespace linnet::models {

std::unique_ptr<Model> Model::from_config(const Family& family, const TransformerConfig& config, std::uint64_t seed) {
  std::unique_ptr<Model> model(new Model(family, config));
  ModelLoader::initialise(*model, seed);
  model->transformer_.tie();
  return model;
}

nn::ForwardState Model::with_virtual_tokens(const nn::ForwardState& state) const {
  nn::ForwardState own = state;
  if (own.prompt_embeddings || !own.prefix.empty() || !own.adapters.empty()) return own;
  own.prompt_embeddings = virtual_tokens_.prompt;
  own.prefix = virtual_tokens_.prefix;
  own.encoder_prefix = virtual_tokens_.encoder_prefix;
  own.cross_prefix = virtual_tokens_.cross_prefix;
  return own;
}

namespace {

// Checks the weights of an adapter, which the model does not list as parameters.
std::string first_bad_adapter(nn::Transformer& transformer, const std::vector<nn::LoraRows>& lora,
                              const nn::VirtualTokens& tokens) {
  const auto bad = [&](const void* module) {
    return std::ranges::any_of(lora, [&](const nn::LoraRows& rows) {
      const nn::LoraDelta* delta = rows.updates->find(module);
      return delta != nullptr && !(nn::all_finite(delta->a) && nn::all_finite(delta->b));
    });
  };
  for (const nn::NamedLinear& linear : nn::linears(transformer))
    if (bad(linear.linear)) return linear.name;
  if (bad(&transformer.embeddings())) return Roles(transformer.config()).module(nn::Role::kTokenTable);
  bool finite = nn::all_finite(tokens.prompt);
  for (const auto* prefix : {&tokens.prefix, &tokens.encoder_prefix, &tokens.cross_prefix})
    for (const nn::PrefixKv& layer : *prefix)
      finite = finite && nn::all_finite(layer.keys) && nn::all_finite(layer.values);
  return finite ? "" : "virtual tokens";
}

}  // namespace

// parameters() is not const; this only reads.
void Model::refuse_not_finite() const {
  auto& parts = const_cast<nn::Transformer&>(transformer_);
  const std::string place = this->place().string(), ours = nn::first_not_finite(nn::parameters(parts));
  check(ours.empty(), ErrorKind::kBadInput,
        "{}: tensor '{}' holds values that are not finite (NaN or infinity); the file is damaged, fetch it again",
        place,
        ours.empty()                           ? ""
        : this->place().extension() == ".gguf" ? to_gguf(*family_, ours)
                                               : checkpoint_name(ours));
  const std::string adapter = first_bad_adapter(parts, pass_.lora, virtual_tokens_);
  check(adapter.empty(), ErrorKind::kBadInput,
        "{}: the adapter's weights of '{}' are not finite (NaN or infinity); its file is damaged", place, adapter);
  fail(ErrorKind::kRuntime, "{}: the results are not finite although all weights are: values overflow; try {} f32",
       place, option("dtype"));
}

Tensor Model::finite(Tensor result) const {
  if (!pass_.training && !pass_.keeps_not_finite && !nn::all_finite(result)) refuse_not_finite();
  return result;
}

// A decoder without a cache also rounds keys and values as the cache does, so that the result is the same with and
// without one. Not if gradients are needed.
template <class Run>
Tensor Model::run_decoder(const nn::Packed& batch, const nn::ForwardState& state, const Run& run) const {
  nn::ForwardState own = with_virtual_tokens(state);
  nn::KvCache cache = make_cache();
  const bool rounds = config().stack != nn::Stack::kEncoder && cache.type() != DType::kF32;
  if (!rounds || own.cache != nullptr || pass_.training || grad_enabled()) return finite(run(own));
  const auto count = static_cast<std::size_t>(batch.sequences());
  std::vector<nn::KvCache::Sequence> sequences(count), encoded(own.encoder != nullptr ? count : 0);
  std::vector<nn::KvCache::Sequence*> pointers, encoded_pointers;
  for (nn::KvCache::Sequence& sequence : sequences) pointers.push_back(&sequence);
  for (nn::KvCache::Sequence& sequence : encoded) encoded_pointers.push_back(&sequence);
  own.cache = &cache;
  if (own.encoder != nullptr) {
    transformer_.store_encoded(*own.encoder, own.cross_prefix, cache, encoded_pointers, pass_);
    own.encoder = nullptr;
    own.encoded = encoded_pointers;
  }
  own.sequences = pointers;
  own.room = nn::KvCache::Room::kOneLayer;
  return finite(run(own));
}

bool Model::reads_one_text(const nn::ForwardState& state) const {
  return config().stack == nn::Stack::kEncoderDecoder && state.encoder == nullptr && state.encoded.empty();
}

std::vector<std::int32_t> Model::decoder_input(std::span<const std::int32_t> text) const {
  const bool last = config().decoder_start == nn::DecoderStart::kLastToken && !text.empty();
  const std::int64_t start = last ? text.back() : config().decoder_start_id;
  check(start >= 0, ErrorKind::kBadInput, "{}: has no decoder_start_token_id, the first token of the decoder; add it",
        place().string());
  std::vector<std::int32_t> input{static_cast<std::int32_t>(start)};
  if (!text.empty()) input.insert(input.end(), text.begin(), text.end() - 1);
  return input;
}

Tensor Model::forward(const nn::Packed& batch, const nn::ForwardState& state) const {
  if (reads_one_text(state)) return forward_both(batch, state);
  return run_decoder(batch, state,
                     [&](const nn::ForwardState& own) { return transformer_.forward(batch, own, pass_); });
}

Tensor Model::forward_both(const nn::Packed& batch, const nn::ForwardState& state) const {
  nn::Packed shifted;
  for (std::size_t s = 0; s + 1 < batch.starts.size(); ++s)
    shifted.add(decoder_input(std::span(batch.ids).subspan(
        static_cast<std::size_t>(batch.starts[s]), static_cast<std::size_t>(batch.starts[s + 1] - batch.starts[s]))));
  const nn::Encoded encoded = encode(batch, state);
  nn::ForwardState own = state;
  own.encoder = &encoded;
  return forward(shifted, own);
}

nn::Encoded Model::encode(const nn::Packed& batch, const nn::ForwardState& state) const {
  nn::Encoded encoded = transformer_.encode(batch, with_virtual_tokens(state), pass_);
  encoded.hidden = finite(encoded.hidden);
  return encoded;
}

void Model::store_encoded(const nn::Encoded& encoded, const nn::KvCache& cache,
                          std::span<nn::KvCache::Sequence* const> sequences) const {
  transformer_.store_encoded(encoded, virtual_tokens_.cross_prefix, cache, sequences, pass_);
}

std::int64_t Model::virtual_positions() const {
  return config().stack == nn::Stack::kEncoderDecoder ? nn::length_of(virtual_tokens_.prefix) : virtual_tokens_.count();
}

std::int64_t Model::context(std::int64_t virtual_tokens) const {
  const std::int64_t positions = config().max_positions;
  return positions == 0 ? 0 : std::max<std::int64_t>(1, positions - virtual_tokens);
}

Tensor Model::output_weight() const {
  const nn::Head& head = transformer_.head();
  const Tensor& weight = head.output_weight(transformer_.token_table());
  check(static_cast<bool>(weight), "[model] a {} without a language model head has no vocabulary scores",
        family_->model_type);
  Tensor sum = weight;
  for (const nn::LoraRows& rows : pass_.lora)
    if (const nn::LoraDelta* lora = rows.updates->find(&head.output()))
      sum = add(to_float(sum), scale(matmul(lora->b, lora->a), lora->scale));
  return sum;
}
const Tensor& Model::output_bias() const { return transformer_.head().output_bias(); }
Tensor Model::before_output(const Tensor& hidden) const { return transformer_.head().before_output(hidden, pass_); }

Tensor Model::scores(const Tensor& hidden, const nn::Pass& pass) const {
  const nn::Head& head = transformer_.head();
  check(static_cast<bool>(head.output_weight(transformer_.token_table())),
        "[model] a {} without a language model head has no vocabulary scores", family_->model_type);
  return finite(head.scores(head.before_output(hidden, pass), transformer_.token_table(), pass));
}

Tensor Model::logits(const Tensor& hidden) const { return scores(hidden, pass_); }
Tensor Model::logits(const Tensor& hidden, std::span<const std::int32_t> rows,
                     std::span<const nn::SequenceAdapter* const> adapters) const {
  check(adapters.size() == rows.size(), "[logits] {} adapters for {} rows", adapters.size(), rows.size());
  std::vector<std::int32_t> starts(adapters.size() + 1);
  std::iota(starts.begin(), starts.end(), 0);
  nn::Pass pass = pass_;
  pass.lora = nn::lora_rows(adapters, starts);
  return scores(gather_rows(hidden, rows), pass);
}
Tensor Model::logits(const Tensor& hidden, std::span<const std::int32_t> rows) const {
  return logits(gather_rows(hidden, rows));
}

Tensor Model::pooled(const Tensor& hidden, const nn::Packed& batch) const {
  return finite(transformer_.head().pooled(hidden, batch, pass_));
}
Tensor Model::pooled(const nn::Packed& batch, const nn::ForwardState& state) const {
  return finite(transformer_.head().pool(pooling_rows(batch, state), pass_));
}
Tensor Model::pooling_rows(const nn::Packed& batch, const nn::ForwardState& state) const {
  if (reads_one_text(state)) return transformer_.head().pooling_rows(forward_both(batch, state), batch);
  return run_decoder(batch, state,
                     [&](const nn::ForwardState& own) { return transformer_.pooling_rows(batch, own, pass_); });
}
Tensor Model::classify(const Tensor& features) const { return finite(transformer_.head().classify(features, pass_)); }
Tensor Model::next_sentence(const Tensor& pooled) const {
  return finite(transformer_.head().next_sentence(pooled, pass_));
}

nn::KvCache Model::make_cache(std::size_t blocks) const {
  const bool exact = pass_.precision == Precision::kF32;
  return nn::KvCache(config(), exact ? DType::kF32 : nn::KvCache::type_beside(transformer_.token_table().dtype()),
                     blocks, device());
}

Device Model::device() const {
  const Tensor& table = transformer_.token_table();
  return table ? table.device() : kCpu;
}

void Model::to(Device device) {
  check(pass_.lora.empty() && virtual_tokens_.count() == 0, "[model] is moved before an adapter is loaded");
  for (const nn::Parameter& p : parameters()) *p.tensor = p.tensor->to(device);
  transformer_.tie();
}

const std::filesystem::path& Model::place() const {
  static const std::filesystem::path none;
  return files_ ? files_->place() : none;
}

std::vector<nn::Parameter> Model::parameters() { return nn::parameters(transformer_); }
std::vector<nn::NamedLinear> Model::linears() { return nn::linears(transformer_); }

void Model::prepack() {
  for (const nn::NamedLinear& l : linears())
    if (l.linear->weight()) linnet::prepack(l.linear->weight(), l.linear->layout());
  if (const Tensor& output = transformer_.head().output_weight(token_table())) linnet::prepack(output);
}

std::string Model::checkpoint_name(std::string_view ours) const { return to_theirs(*family_, ours, config()); }

std::int64_t Model::parameter_count() {
  std::int64_t count = 0;
  for (const nn::Parameter& p : parameters()) count += p.part == nn::Part::kBuffer ? 0 : p.tensor->numel();
  return count;
}

void Model::new_head(NewHead head, std::uint64_t seed) {
  check(architecture_of(*family_, head.kind) != nullptr,
        "a {} model has no head for this task; choose another task, or a model of another family", family_->model_type);
  TransformerConfig c = config();
  c.head = head.kind;
  c.labels = std::move(head.labels);
  c.problem = head.problem;
  c.classifier = head.classifier;
  c.pooling = head.pooling;
  c.head_trained = false;
  nn::Transformer& t = transformer_;
  const auto before = nn::parameters(t);
  std::vector<std::pair<std::string, Tensor>> pooler;
  for (const auto& p : before)
    if (p.role == nn::Role::kPooler) pooler.emplace_back(p.name, *p.tensor);
  t.replace_head(c);
  for (const auto& p : nn::parameters(t))
    for (const auto& [name, value] : pooler)
      if (p.name == name) *p.tensor = value;
  for (const auto& p : nn::parameters(t)) pooler_drawn_ = pooler_drawn_ || (p.role == nn::Role::kPooler && !*p.tensor);
  ModelLoader::initialise(*this, seed);
}

void Model::set_head_trained(bool trained) { transformer_.set_head_trained(trained); }

void Model::make_trainable() {
  for (const nn::Parameter& p : parameters()) {
    if (p.tensor->dtype() == DType::kF32 && !p.tensor->storage()->mapped()) continue;
    const Tensor own = p.tensor->dtype() == DType::kF32
                           ? p.tensor->clone()
                           : convert_weight(p.tensor->to(kCpu), DType::kF32).to(p.tensor->device());
    if (p.tensor->storage()->mapped()) release_pages(p.tensor->raw(), p.tensor->bytes());
    *p.tensor = own;
  }
  transformer_.tie();
}

}  // namespace linnet::models
