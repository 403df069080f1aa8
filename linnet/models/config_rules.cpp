#include "linnet/models/config_rules.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "linnet/nn/rope.h"

namespace linnet::models::rules {

using nn::AttentionScale, nn::Residual, nn::Rope, nn::RopeKind, nn::TransformerConfig;

void ffn_is_four_times_hidden(ConfigFields&, TransformerConfig& c) {
  if (c.ffn == 0) c.ffn = 4 * c.hidden;
}
void embedding_dropout_is_hidden(ConfigFields&, TransformerConfig& c) { c.embedding_dropout = c.hidden_dropout; }
void classifier_dropout_is_hidden(ConfigFields&, TransformerConfig& c) { c.classifier_dropout = c.hidden_dropout; }
void token_dropout_is_hidden(ConfigFields&, TransformerConfig& c) { c.token_dropout = c.hidden_dropout; }
void token_dropout_is_classifier(ConfigFields&, TransformerConfig& c) { c.token_dropout = c.classifier_dropout; }
void question_dropout_is_classifier(ConfigFields&, TransformerConfig& c) { c.question_dropout = c.classifier_dropout; }
void hidden_dropout_is_attention(ConfigFields&, TransformerConfig& c) { c.hidden_dropout = c.attention_dropout; }
void projection_if_widths_differ(ConfigFields&, TransformerConfig& c) {
  c.embedding_projection = c.embedding_width() != c.hidden;
}
void decoder_layers_are_layers(ConfigFields&, TransformerConfig& c) {
  if (c.decoder_layers == 0) c.decoder_layers = c.layers;
}
void decoder_is_as_wide(ConfigFields& f, TransformerConfig& c) {
  for (const auto& [name, encoders] :
       {std::pair{"decoder_attention_heads", c.heads}, std::pair{"decoder_ffn_dim", c.ffn}}) {
    std::int64_t own = encoders;
    f.field({name}, own);
    check(own == encoders, ErrorKind::kBadInput,
          "{}: {} is {} and the encoder has {}; a decoder of another width is not supported", f.place(), name, own,
          encoders);
  }
}

void embedding_scale_by_width(ConfigFields& f, TransformerConfig& c) {
  bool scaled = c.embedding_scale != 1;
  f.field({"scale_embedding"}, scaled);
  c.embedding_scale = scaled ? std::sqrt(static_cast<double>(c.hidden)) : 1;
}

void layer_dropout(ConfigFields& f, TransformerConfig& c) {
  for (const char* name : {"encoder_layerdrop", "decoder_layerdrop"}) {
    double p = 0;
    if (!f.writing()) f.field({name}, p);
    c.layer_dropout = std::max(c.layer_dropout, p);
  }
}

namespace {

// Sets which of the two kinds of scores `names` lists.
void relative_kinds(const ConfigFields& f, const Json& names, TransformerConfig& c) {
  std::vector<std::string> listed;
  if (names.is_string()) {
    std::istringstream parts(names.get<std::string>());
    for (std::string part; std::getline(parts, part, '|');) listed.push_back(part);
  } else {
    check(names.is_array(), ErrorKind::kBadInput, "{}: pos_att_type is {}, not a list of names; correct the file",
          f.place(), printable(dump_json(names), 60));
    for (const Json& name : names) listed.push_back(get_string(name, "pos_att_type", f.place()));
  }
  for (std::string& name : listed) {
    std::erase(name, ' ');
    check(name == "c2p" || name == "p2c", ErrorKind::kBadInput,
          "{}: pos_att_type '{}' is not supported; known are c2p, p2c", f.place(), printable(name, 60));
    (name == "c2p" ? c.relative_keys : c.relative_queries) = true;
  }
}

}  // namespace

void disentangled_attention(ConfigFields& f, TransformerConfig& c) {
  bool input = c.positions != nn::Positions::kNone, attends = f.writing();
  f.field({"position_biased_input"}, input).field({"relative_attention"}, attends);
  const bool logarithmic = c.relative_reach > 0;
  std::int64_t buckets = logarithmic ? c.relative_span : -1, reach = logarithmic ? c.relative_reach : c.relative_span;
  if (f.writing() && reach == c.max_positions && f.json().value("max_relative_positions", -1) < 1) reach = -1;
  f.field({"position_buckets"}, buckets, {.least = -1, .most = 65'536})
      .field({"max_relative_positions"}, reach, {.least = -1, .most = 65'536});
  std::string norm = c.relative_norm ? "layer_norm" : "none";
  f.field({"norm_rel_ebd"}, norm);
  check(attends, ErrorKind::kBadInput, "{}: relative_attention is not true; such a model is not supported", f.place());
  if (f.writing()) {
    if (f.json().contains("pos_att_type")) return;  // unchanged since reading
    f.json()["pos_att_type"] = Json::array();
    if (c.relative_queries) f.json()["pos_att_type"].push_back("p2c");
    if (c.relative_keys) f.json()["pos_att_type"].push_back("c2p");
    return;
  }
  check(norm == "layer_norm" || norm == "none", ErrorKind::kBadInput,
        "{}: norm_rel_ebd '{}' is not supported; known are layer_norm, none", f.place(), printable(norm, 60));
  c.positions = input ? nn::Positions::kLearned : nn::Positions::kNone;
  c.relative_norm = norm == "layer_norm";
  if (reach < 1) reach = c.max_positions;
  c.relative_span = buckets > 0 ? buckets : reach;
  c.relative_reach = buckets > 0 ? reach : 0;
  check(buckets <= 0 || (buckets >= 4 && reach - 1 > buckets / 2), ErrorKind::kBadInput,
        "{}: position_buckets is {}, must be 4 or more and less than twice the {} relative positions; correct the file",
        f.place(), buckets, reach);
  if (const Json* names = f.find({"pos_att_type"})) relative_kinds(f, *names, c);
}

void legacy_names(ConfigFields& f, TransformerConfig&) {
  bool legacy = true;
  f.field({"legacy"}, legacy);
}

void start_token_of_gguf(ConfigFields& f, TransformerConfig& c) {
  if (f.of_gguf() && !(f.writing() && c.decoder_start_id < 0))
    f.id({nullptr, nullptr, "decoder_start_token_id"}, c.decoder_start_id);
}
void every_dropout_is_hidden(ConfigFields&, TransformerConfig& c) {
  c.embedding_dropout = c.attention_dropout = c.activation_dropout = c.final_dropout = c.hidden_dropout;
}

void feed_forward_by_name(ConfigFields& f, TransformerConfig& c) {
  struct Named {
    const char* name;
    nn::FeedForwardKind kind;
    Activation activation;
  };
  using enum nn::FeedForwardKind;
  constexpr Named kNames[] = {
      {"relu", kPlain, Activation::kRelu},           {"gelu", kPlain, Activation::kGelu},
      {"gelu_new", kPlain, Activation::kGeluTanh},   {"silu", kPlain, Activation::kSilu},
      {"gated-gelu", kGated, Activation::kGeluTanh}, {"gated-gelu_new", kGated, Activation::kGeluTanh},
      {"gated-silu", kGated, Activation::kSilu},     {"gated-relu", kGated, Activation::kRelu}};
  const Named* const now = std::ranges::find_if(
      kNames, [&](const Named& n) { return n.kind == c.ffn_kind && n.activation == c.activation; });
  std::string name = now != std::end(kNames) ? now->name : "";
  f.field({"feed_forward_proj", nullptr, "feed_forward_proj"}, name);
  if (f.writing()) {
    check(!f.of_gguf() || name == "relu" || name == "gated-gelu", ErrorKind::kBadInput,
          "{}: llama.cpp computes relu and gated-gelu, not {}; save a folder", f.place(), name);
    return;
  }
  const Named* const found = std::ranges::find_if(kNames, [&](const Named& n) { return n.name == name; });
  check(found != std::end(kNames), ErrorKind::kBadInput,
        "{}: feed_forward_proj '{}' is not supported; known are relu, gelu, silu and gated-gelu, gated-silu", f.place(),
        printable(name));
  c.ffn_kind = found->kind;
  c.activation = found->activation;
}

void output_scale_if_tied(ConfigFields& f, TransformerConfig& c) {
  bool scaled = c.output_divisor != 1, tied = true;
  if (!f.writing()) {
    f.field({"tie_word_embeddings", nullptr, "tie_word_embeddings"}, tied);
    scaled = tied;
  }
  if (!f.writing() || scaled != c.tie_embeddings)
    f.field({"scale_decoder_outputs", nullptr, "scale_decoder_outputs"}, scaled);
  c.output_divisor = scaled ? std::sqrt(static_cast<double>(c.hidden)) : 1;
}

void embedding_scale_is_root(ConfigFields&, TransformerConfig& c) {
  c.embedding_scale = std::sqrt(static_cast<double>(c.hidden));
}

namespace {

void cap_or_null(ConfigFields& f, const char* name, double& cap) {
  const Key key{name, nullptr, name};
  if (!f.of_gguf() && f.writing() && cap == 0) {
    f.json()[name] = nullptr;
    return;
  }
  if (f.writing() && cap == 0) return;
  if (!f.of_gguf() && !f.writing() && f.json().contains(name) && f.find(key) == nullptr) cap = 0;
  f.field(key, cap);
  check(cap >= 0, ErrorKind::kBadInput, "{}: {} is {}, must not be negative; correct the file", f.place(), name, cap);
}

}  // namespace

void attention_softcap(ConfigFields& f, TransformerConfig& c) {
  cap_or_null(f, "attn_logit_softcapping", c.attention_softcap);
}
void output_softcap(ConfigFields& f, TransformerConfig& c) {
  cap_or_null(f, "final_logit_softcapping", c.output_softcap);
}

// llama.cpp derives the scale from the size of the model: that with 46 or 62 layers (27B) has another one.
void attention_scale_of_dim(ConfigFields& f, TransformerConfig& c) {
  if (!f.of_gguf())
    f.field({"query_pre_attn_scalar"}, c.attention_scale_dim);
  else if (!f.writing())
    c.attention_scale_dim = (c.layers == 46 || c.layers == 62) && c.heads > 0 ? c.hidden / c.heads : c.head_dim;
}

void attention_multiplier(ConfigFields& f, TransformerConfig& c) {
  if (f.of_gguf() && !f.writing() && c.heads > 0)
    c.attention_multiplier = 1 / std::sqrt(static_cast<double>(c.head_dim > 0 ? c.head_dim : c.hidden / c.heads));
  f.field({"attention_multiplier", nullptr, "attention.scale"}, c.attention_multiplier);
}

void transform_has_classifier_activation(ConfigFields&, TransformerConfig& c) {
  c.transform_activation = c.classifier_activation;
}

void classifier_pooling(ConfigFields& f, TransformerConfig& c) {
  constexpr std::pair<const char*, nn::Pooling> kNames[] = {{"cls", nn::Pooling::kFirst}, {"mean", nn::Pooling::kMean}};
  if (f.writing() && c.pooling != nn::Pooling::kFirst && c.pooling != nn::Pooling::kMean) return;
  f.choice<nn::Pooling>({"classifier_pooling"}, c.pooling, kNames);
}

void gelu_is_tanh(ConfigFields& f, TransformerConfig& c) {
  const auto name = f.json().find("hidden_act");
  const bool legacy = name != f.json().end() && *name == "gelu";
  if (f.writing() && legacy && c.activation == Activation::kGeluTanh) c.activation = Activation::kGelu;
  if (!f.writing() && c.activation == Activation::kGelu) c.activation = Activation::kGeluTanh;
}

void output_bias_is_attention_bias(ConfigFields&, TransformerConfig& c) { c.attention_output_bias = c.attention_bias; }
void every_bias_is_attention_bias(ConfigFields&, TransformerConfig& c) {
  c.attention_output_bias = c.ffn_bias = c.attention_bias;
}
void token_projection_if_widths_differ(ConfigFields& f, TransformerConfig& c) {
  c.embedding_size = c.embedding_width();
  f.field({"word_embed_proj_dim"}, c.embedding_size);
  c.token_projection = c.embedding_size != c.hidden;
}

void norms_before(ConfigFields& f, TransformerConfig& c) {
  bool before = c.norm_place == nn::NormPlace::kBefore, removed = before && !c.final_norm;
  f.field({"do_layer_norm_before"}, before).field({"_remove_final_layer_norm"}, removed);
  c.norm_place = before ? nn::NormPlace::kBefore : nn::NormPlace::kAfter;
  c.final_norm = before && !removed;
}

void positions_after_offset(ConfigFields& f, TransformerConfig& c) {
  f.field({nullptr, nullptr, "context_length"}, c.max_positions);
  std::int64_t rows = c.max_positions + c.position_offset;
  f.field({"max_position_embeddings"}, rows);
  if (!f.writing()) c.max_positions = rows - c.position_offset;
}
void positions_after_padding(ConfigFields& f, TransformerConfig& c) {
  f.id({"pad_token_id"}, c.pad_id);
  if (!f.writing()) c.position_offset = c.pad_id + 1;
  positions_after_offset(f, c);
}

void parallel_residual(ConfigFields& f, TransformerConfig& c) {
  bool parallel = c.residual == Residual::kParallel;
  f.field({"use_parallel_residual", nullptr, "use_parallel_residual"}, parallel);
  c.residual = parallel ? Residual::kParallel : Residual::kInput;
}

void residual(ConfigFields& f, TransformerConfig& c) {
  bool normed = c.residual == Residual::kNormed;
  f.field({"apply_residual_connection_post_layernorm"}, normed);
  c.residual = normed ? Residual::kNormed : Residual::kInput;
}

void attention_scale(ConfigFields& f, TransformerConfig& c) {
  bool by_head = c.attention_scale == AttentionScale::kHeadDim || c.attention_scale == AttentionScale::kHeadDimAndLayer;
  bool by_layer = c.attention_scale == AttentionScale::kLayer || c.attention_scale == AttentionScale::kHeadDimAndLayer;
  f.field({"scale_attn_weights"}, by_head).field({"scale_attn_by_inverse_layer_idx"}, by_layer);
  c.attention_scale = by_layer ? (by_head ? AttentionScale::kHeadDimAndLayer : AttentionScale::kLayer)
                               : (by_head ? AttentionScale::kHeadDim : AttentionScale::kNone);
}

namespace {

constexpr std::pair<const char*, RopeKind> kRopeKinds[] = {
    {"default", RopeKind::kDefault}, {"linear", RopeKind::kLinear}, {"dynamic", RopeKind::kDynamic},
    {"yarn", RopeKind::kYarn},       {"llama3", RopeKind::kLlama3}, {"longrope", RopeKind::kLongRope},
    {"su", RopeKind::kLongRope},     {"none", RopeKind::kDefault}};

const char* rope_name(RopeKind kind) {
  const auto at =
      std::find_if(std::begin(kRopeKinds), std::end(kRopeKinds), [&](const auto& k) { return k.second == kind; });
  return at->first;
}

void rope_scaling_fields(ConfigFields& f, Rope& rope) {
  f.choice<RopeKind>({"rope_type", "type"}, rope.kind, kRopeKinds);
  f.field({"rope_theta"}, rope.theta)
      .field({"factor"}, rope.factor)
      .field({"original_max_position_embeddings"}, rope.original_max_positions)
      .field({"low_freq_factor"}, rope.low_freq_factor)
      .field({"high_freq_factor"}, rope.high_freq_factor)
      .field({"beta_fast"}, rope.beta_fast)
      .field({"beta_slow"}, rope.beta_slow)
      .field({"attention_factor"}, rope.attention_factor)
      .field({"mscale"}, rope.mscale)
      .field({"mscale_all_dim"}, rope.mscale_all_dim)
      .field({"truncate"}, rope.truncate)
      .field({"short_factor"}, rope.short_factor)
      .field({"long_factor"}, rope.long_factor)
      .field({"partial_rotary_factor"}, rope.partial);
}

// Required fields of each kind (transformers/modeling_rope_utils.py).
constexpr std::pair<RopeKind, const char*> kRopeNeeds[] = {{RopeKind::kLinear, "factor"},
                                                           {RopeKind::kDynamic, "factor"},
                                                           {RopeKind::kYarn, "factor"},
                                                           {RopeKind::kLlama3, "factor"},
                                                           {RopeKind::kLlama3, "low_freq_factor"},
                                                           {RopeKind::kLlama3, "high_freq_factor"},
                                                           {RopeKind::kLongRope, "short_factor"},
                                                           {RopeKind::kLongRope, "long_factor"}};

void check_rope_scaling(const ConfigFields& f, const Rope& rope) {
  for (const auto& [kind, name] : kRopeNeeds)
    check(rope.kind != kind || f.find({name}) != nullptr, ErrorKind::kBadInput,
          "{}: rope_type '{}' needs {}, which is missing; correct the file", f.place(), rope_name(kind), name);
  check(rope.kind != RopeKind::kLlama3 || rope.original_max_positions > 0, ErrorKind::kBadInput,
        "{}: rope_type 'llama3' needs original_max_position_embeddings, which is missing; correct the file", f.place());
  check(f.find({"rope_type", "type"}) != nullptr || f.find({"factor"}) == nullptr, ErrorKind::kBadInput,
        "{}: has a factor and no rope_type; correct the file", f.place());
  check(rope.original_max_positions >= 0 && rope.low_freq_factor > 0 && rope.high_freq_factor > rope.low_freq_factor &&
            rope.beta_slow > 0 && rope.beta_fast > rope.beta_slow && rope.attention_factor >= 0,
        ErrorKind::kBadInput,
        "{}: a factor is negative, or low_freq_factor is not below high_freq_factor, or beta_slow not below beta_fast; "
        "correct the file",
        f.place());
  for (const auto* list : {&rope.short_factor, &rope.long_factor})
    for (const double factor : *list)
      check(factor > 0, ErrorKind::kBadInput, "{}: a frequency's factor is {}, must be above 0; correct the file",
            f.place(), factor);
}

// For YaRN, llama.cpp stores the ratio of the attention factor to the usual one; Llama 3's frequencies are a tensor,
// and longrope's are two. A file with two may lack rope.scaling.type, so longrope's keys are read in any case.
void gguf_rope_fields(ConfigFields& f, TransformerConfig& c) {
  constexpr std::pair<const char*, RopeKind> kKinds[] = {{"none", RopeKind::kDefault},
                                                         {"linear", RopeKind::kLinear},
                                                         {"yarn", RopeKind::kYarn},
                                                         {"longrope", RopeKind::kLongRope}};
  Rope& rope = c.rope;
  f.field({nullptr, nullptr, "rope.freq_base"}, rope.theta);
  const std::int64_t head_dim = c.head_dim > 0 || c.heads <= 0 ? c.head_dim : c.hidden / c.heads;
  std::int64_t turning = nn::rotary_dims(head_dim, rope.partial);
  f.field({nullptr, nullptr, "rope.dimension_count"}, turning, {.least = 0});
  check(turning <= head_dim, ErrorKind::kBadInput, "{}: {} of {} dimensions of a head turn; correct the file",
        f.place(), turning, head_dim);
  if (turning > 0) rope.partial = static_cast<double>(turning) / static_cast<double>(head_dim);
  if (f.writing()) {
    check(rope.kind != RopeKind::kDynamic && (rope.kind != RopeKind::kYarn || rope.truncate), ErrorKind::kBadInput,
          "{}: a GGUF file cannot say how its rotary positions are scaled; save a folder", f.place());
    if (divides_by_constants(rope) || rope.kind == RopeKind::kDefault) return;
  }
  f.choice<RopeKind>({nullptr, nullptr, "rope.scaling.type"}, rope.kind, kKinds);
  const bool yarn = rope.kind == RopeKind::kYarn;
  if (!f.writing() || rope.kind != RopeKind::kLongRope) f.field({nullptr, nullptr, "rope.scaling.factor"}, rope.factor);
  if (f.writing() && rope.kind == RopeKind::kLinear) return;
  auto original = static_cast<std::int64_t>(rope.original_max_positions > 0 ? rope.original_max_positions
                                                                            : static_cast<double>(c.max_positions));
  f.field({nullptr, nullptr, "rope.scaling.original_context_length"}, original);
  rope.original_max_positions = static_cast<double>(original);
  if (yarn)
    f.field({nullptr, nullptr, "rope.scaling.yarn_beta_fast"}, rope.beta_fast)
        .field({nullptr, nullptr, "rope.scaling.yarn_beta_slow"}, rope.beta_slow);
  const double usual = !yarn || rope.factor <= 1 ? 1 : 0.1 * std::log(rope.factor) + 1;
  double beyond = f.writing() ? nn::rope_frequencies(c, 1).scale / usual : 1;
  f.field({nullptr, nullptr, "rope.scaling.attn_factor"}, beyond);
  rope.attention_factor = beyond * usual;
}

bool has_rope_object(const ConfigFields& f) {
  return f.json().contains("rope_parameters") || f.json().contains("rope_scaling");
}

}  // namespace

bool divides_by_constants(const Rope& rope) {
  return rope.kind == RopeKind::kLlama3 ||
         (rope.kind == RopeKind::kLongRope && rope.short_factor == rope.long_factor && rope.attention_factor == 1);
}

void rotary_fraction(ConfigFields& f, TransformerConfig& c) {
  if (f.of_gguf() || (f.writing() && has_rope_object(f))) return;
  f.field({"rotary_emb_base"}, c.rope.theta).field({"rotary_pct"}, c.rope.partial);
}

void partial_is_written(ConfigFields& f, TransformerConfig& c) {
  if (f.writing() && !f.of_gguf() && !has_rope_object(f)) f.field({"partial_rotary_factor"}, c.rope.partial);
}

void long_rope_or_none(ConfigFields& f, TransformerConfig& c) {
  check(c.rope.kind == RopeKind::kDefault || c.rope.kind == RopeKind::kLongRope, ErrorKind::kBadInput,
        "{}: rope_type '{}' is not supported for this model; known are default and longrope", f.place(),
        rope_name(c.rope.kind));
}

namespace {

void read_rope_object(ConfigFields& f, const Json& object, const std::string& name, Rope& rope) {
  check(object.is_object(), ErrorKind::kBadInput, "{}: {} is not an object; correct the file", f.place(), name);
  ConfigFields inner = ConfigFields::reader(object, f.place() + ": " + name);
  rope_scaling_fields(inner, rope);
  check_rope_scaling(inner, rope);
  f.add_unread(name, inner);
}

void write_rope_scaling(ConfigFields& f, Rope rope) {
  if (rope.kind == RopeKind::kDefault) return;
  Json scaling = Json::object();
  ConfigFields inner = ConfigFields::writer(scaling);
  rope_scaling_fields(inner, rope);
  f.json()["rope_scaling"] = std::move(scaling);
}

// rope_parameters by the type of a layer.
void read_layered_ropes(ConfigFields& f, TransformerConfig& c) {
  const Json* types = f.find({"rope_parameters"});
  if (types == nullptr) return;
  check(types->is_object(), ErrorKind::kBadInput, "{}: rope_parameters is not an object; correct the file", f.place());
  for (const auto& [type, object] : types->items()) {
    check(type == "full_attention" || type == "sliding_attention", ErrorKind::kBadInput,
          "{}: rope_parameters has {}, not full_attention and sliding_attention; correct the file", f.place(),
          printable(type, 60));
    if (!object.is_null())
      read_rope_object(f, object, "rope_parameters." + type, type == "full_attention" ? c.rope : *c.window_rope);
  }
}

}  // namespace

void global_and_local_rope(ConfigFields& f, TransformerConfig& c) {
  if (f.of_gguf()) {
    gguf_rope_fields(f, c);
    if (!f.writing() || c.window_rope->theta != 10'000)
      f.field({nullptr, nullptr, "rope.freq_base_swa"}, c.window_rope->theta);
    return;
  }
  if (f.writing() && has_rope_object(f)) return;  // unchanged since reading
  f.field({"rope_theta"}, c.rope.theta).field({"rope_local_base_freq"}, c.window_rope->theta);
  if (f.writing()) return write_rope_scaling(f, c.rope);
  if (const Json* found = f.find({"rope_scaling"})) read_rope_object(f, *found, "rope_scaling", c.rope);
  read_layered_ropes(f, c);
}

void global_and_local_theta(ConfigFields& f, TransformerConfig& c) {
  if (f.writing() && has_rope_object(f)) return;  // unchanged since reading
  f.field({"global_rope_theta"}, c.rope.theta).field({"local_rope_theta"}, c.window_rope->theta);
  if (f.writing()) return write_rope_scaling(f, c.rope);
  if (const Json* found = f.find({"rope_scaling"}))
    for (Rope* rope : {&c.rope, &*c.window_rope}) read_rope_object(f, *found, "rope_scaling", *rope);
  read_layered_ropes(f, c);
}

void rope(ConfigFields& f, TransformerConfig& c) {
  if (f.of_gguf()) return gguf_rope_fields(f, c);
  if (f.writing()) {
    if (has_rope_object(f)) return;  // unchanged since reading
    if (!f.json().contains("rotary_pct")) {
      f.field({"rope_theta"}, c.rope.theta);
      if (c.rope.partial != 1) f.field({"partial_rotary_factor"}, c.rope.partial);
    }
    return write_rope_scaling(f, c.rope);
  }
  f.field({"rope_theta"}, c.rope.theta).field({"partial_rotary_factor"}, c.rope.partial);
  f.field({"original_max_position_embeddings"}, c.rope.original_max_positions);
  for (const char* name : {"rope_scaling", "rope_parameters"}) {
    const Json* found = f.find({name});
    if (found == nullptr) continue;
    read_rope_object(f, *found, name, c.rope);
    const bool lacks = !found->contains("factor") || found->at("factor").is_null();
    if (c.rope.kind == RopeKind::kLongRope && lacks && c.rope.original_max_positions > 0)
      c.rope.factor = static_cast<double>(c.max_positions) / c.rope.original_max_positions;
  }
}

}  // namespace linnet::models::rules
