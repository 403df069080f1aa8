#include "linnet/models/unused_fields.h"

#include <algorithm>

#include "linnet/base/log.h"

namespace linnet::models {
namespace {

// Fields of many models that do not affect a forward pass. Sorted.
constexpr std::string_view kHarmless[] = {"adapters",
                                          "architectures",
                                          "attn_implementation",
                                          "auto_map",
                                          "bad_words_ids",
                                          "begin_suppress_tokens",
                                          "bos_token_id",
                                          "chunk_size_feed_forward",
                                          "cls_token_id",
                                          "cross_attention_hidden_size",
                                          "custom_pipelines",
                                          "decoder_start_token_id",
                                          "diversity_penalty",
                                          "do_sample",
                                          "dtype",
                                          "early_stopping",
                                          "encoder_no_repeat_ngram_size",
                                          "eos_token_id",
                                          "eos_token_ids",
                                          "exponential_decay_length_penalty",
                                          "finetuning_task",
                                          "forced_bos_token_id",
                                          "forced_eos_token_id",
                                          "gradient_checkpointing",
                                          "id2label",
                                          "initializer_range",
                                          "is_decoder",
                                          "is_llama_config",
                                          "keys_to_ignore_at_inference",
                                          "label2id",
                                          "length_penalty",
                                          "mask_token_id",
                                          "max_length",
                                          "max_sequence_length",
                                          "max_window_layers",
                                          "min_length",
                                          "model_max_length",
                                          "model_type",
                                          "name_or_path",
                                          "neftune_noise_alpha",
                                          "no_repeat_ngram_size",
                                          "num_beam_groups",
                                          "num_beams",
                                          "num_labels",
                                          "num_return_sequences",
                                          "output_attentions",
                                          "output_hidden_states",
                                          "output_past",
                                          "output_scores",
                                          "pad_token_id",
                                          "prefix",
                                          "pretraining_tp",
                                          "problem_type",
                                          "remove_invalid_values",
                                          "renormalize_logits",
                                          "repetition_penalty",
                                          "return_dict",
                                          "return_dict_in_generate",
                                          "rope_scaling.finetuned",
                                          "sbert_ce_default_activation_function",
                                          "sentence_transformers",
                                          "sep_token_id",
                                          "suppress_tokens",
                                          "task_specific_params",
                                          "temperature",
                                          "tf_legacy_loss",
                                          "tie_encoder_decoder",
                                          "tie_word_embeddings",
                                          "tokenizer_class",
                                          "top_k",
                                          "top_p",
                                          "torch_dtype",
                                          "torchscript",
                                          "transformers.js_config",
                                          "transformers_version",
                                          "typical_p",
                                          "unk_token_id",
                                          "unsloth_fixed",
                                          "unsloth_version",
                                          "use_bfloat16",
                                          "use_cache",
                                          "use_mem_efficient_attention",
                                          "use_return_dict"};

// Fields of some families and their derivatives that affect the results if they have another value. Sorted.
constexpr FixedField kFixed[] = {{"add_cross_attention", "[false]"},
                                 {"alibi", "[false]"},
                                 {"attention_logit_cap", "[0]"},
                                 {"attention_multiplier", "[]"},
                                 {"attn_logit_softcapping", "[0]"},
                                 {"clip_qkv", "[]"},
                                 {"embedding_multiplier", "[1]"},
                                 {"embedding_size", "[]"},
                                 {"final_logit_softcapping", "[0]"},
                                 {"is_encoder_decoder", "[false]"},
                                 {"layer_types", R"(["full_attention"])"},
                                 {"lm_head_multiplier", "[1]"},
                                 {"logit_scale", "[1]"},
                                 {"logits_scaling", "[1]"},
                                 {"moe_intermediate_size", "[]"},
                                 {"n_routed_experts", "[0]"},
                                 {"no_rope_layer_interval", "[]"},
                                 {"no_rope_layers", "[1]"},
                                 {"num_experts", "[0, 1]"},
                                 {"num_local_experts", "[0, 1]"},
                                 {"parallel_attn", "[false]"},
                                 {"partial_rotary_factor", "[1]"},
                                 {"pruned_heads", "[]"},
                                 {"qk_layernorm", "[false]"},
                                 {"query_pre_attn_scalar", "[]"},
                                 {"residual_multiplier", "[1]"},
                                 {"rope_interleaved", "[false]"},
                                 {"rope_local_base_freq", "[]"},
                                 {"rotary_pct", "[1]"},
                                 {"scale_depth", "[1]"},
                                 {"scale_emb", "[1]"},
                                 {"sliding_window", "[0, false]"},
                                 {"use_parallel_residual", "[false]"},
                                 {"use_qk_norm", "[false]"},
                                 {"use_sliding_window", "[false]"}};

// Fields of GGUF metadata, below the architecture's name.
constexpr std::string_view kHarmlessGguf[] = {"attention.head_count_kv",
                                              "context_length",
                                              "feed_forward_length",
                                              "model_type",
                                              "pooling_type",
                                              "rope.dimension_count",
                                              "rope.scaling.attn_factor",
                                              "rope.scaling.factor",
                                              "rope.scaling.finetuned",
                                              "rope.scaling.original_context_length",
                                              "rope.scaling.yarn_beta_fast",
                                              "rope.scaling.yarn_beta_slow",
                                              "tensor_data_layout",
                                              "vocab_size"};
constexpr FixedField kFixedGguf[] = {{"attention.causal", "[true]"},
                                     {"attention.clamp_kqv", "[0]"},
                                     {"attention.max_alibi_bias", "[8]"},
                                     {"attention.scale", "[]"},
                                     {"attention.sliding_window", "[0]"},
                                     {"attn_logit_softcapping", "[0]"},
                                     {"embedding_scale", "[1]"},
                                     {"expert_count", "[0]"},
                                     {"expert_used_count", "[0]"},
                                     {"final_logit_softcapping", "[0]"},
                                     {"logit_scale", "[1]"},
                                     {"residual_scale", "[1]"},
                                     {"rope.scale_linear", "[1]"},
                                     {"use_parallel_residual", "[false]"}};

const FixedField* find(std::span<const FixedField> fields, std::string_view name) {
  const auto at = std::find_if(fields.begin(), fields.end(), [&](const FixedField& f) { return f.name == name; });
  return at == fields.end() ? nullptr : &*at;
}

const FixedField* fixed_field(const ConfigFields& fields, const Family& family, std::string_view name) {
  const bool gguf = fields.of_gguf();
  const FixedField* own = find(gguf ? family.gguf_fixed : family.fixed, name);
  return own != nullptr ? own : gguf ? find(kFixedGguf, name) : find(kFixed, name);
}

bool is_harmless(const ConfigFields& fields, const Family& family, std::string_view name) {
  const auto listed = [&](std::span<const std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  // names with "_" are internal notes of Transformers
  return name.starts_with('_') ||
         (fields.of_gguf() ? listed(kHarmlessGguf) : listed(kHarmless) || listed(family.unused));
}

// True if a value has no effect. Null and empty values have none; a list has none if no element has.
bool changes_nothing(const Json& value, const Json& inert) {
  if (value.is_null() || (value.is_structured() && value.empty())) return true;
  if (value.is_array())
    return std::all_of(value.begin(), value.end(), [&](const Json& each) { return changes_nothing(each, inert); });
  return std::find(inert.begin(), inert.end(), value) != inert.end();
}

// A sliding window as long as the context has no effect; embeddings of the hidden size need no projection.
bool is_usual(std::string_view name, const Json& value, const Json& all) {
  if (name == "embedding_size") return all.contains("hidden_size") && value == all.at("hidden_size");
  const bool window = name == "sliding_window" && value.is_number_integer();
  return window && ((all.contains("max_position_embeddings") && value >= all.at("max_position_embeddings")) ||
                    (all.contains("use_sliding_window") && all.at("use_sliding_window") == false));
}

}  // namespace

void check_unused_fields(const ConfigFields& fields, const Family& family) {
  for (const std::string& name : fields.unread()) {
    const FixedField* fixed = fixed_field(fields, family, name);
    if (fixed == nullptr) continue;
    const Json& value = fields.json().at(name);
    check(changes_nothing(value, Json::parse(fixed->values)) || is_usual(name, value, fields.json()),
          ErrorKind::kBadInput,
          "{}: {} is {}, which is not supported for a {} model; take a model that does without it", fields.place(),
          name, printable(dump_json(value), 60), family.model_type);
  }
}

void warn_unknown_fields(const ConfigFields& fields, const Family& family) {
  constexpr std::size_t kMostShown = 8;
  std::vector<std::string> unknown = fields.unread();
  std::erase_if(unknown, [&](const std::string& name) {
    const auto value = fields.json().find(name);
    if (value != fields.json().end() && value->is_null()) return true;
    return is_harmless(fields, family, name) || fixed_field(fields, family, name) != nullptr;
  });
  if (unknown.empty()) return;
  const std::size_t more = unknown.size() > kMostShown ? unknown.size() - kMostShown : 0;
  if (more > 0) unknown.resize(kMostShown);
  warn("{}: fields that a {} model does not have are not used: {}{}", fields.place(), family.model_type,
       fmt::join(unknown, ", "), more > 0 ? fmt::format(" and {} more", more) : "");
}

}  // namespace linnet::models
