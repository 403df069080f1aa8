// Named rules of a configuration, for what a table of fields cannot express. A family's table lists them between its
// fields; they run in that order, on reading and on writing.
#pragma once

#include "linnet/models/config_fields.h"
#include "linnet/nn/config.h"

namespace linnet::models::rules {

// A size of 0 is 4 times the hidden size.
void ffn_is_four_times_hidden(ConfigFields& fields, nn::TransformerConfig& config);
// Dropouts that equal hidden_dropout unless a later field sets them.
void embedding_dropout_is_hidden(ConfigFields& fields, nn::TransformerConfig& config);
void classifier_dropout_is_hidden(ConfigFields& fields, nn::TransformerConfig& config);
void token_dropout_is_hidden(ConfigFields& fields, nn::TransformerConfig& config);
void question_dropout_is_classifier(ConfigFields& fields, nn::TransformerConfig& config);
// The part of attention has its dropout, too; that of feed-forward has none.
void hidden_dropout_is_attention(ConfigFields& fields, nn::TransformerConfig& config);
void token_dropout_is_classifier(ConfigFields& fields, nn::TransformerConfig& config);
// max_position_embeddings counts the rows of the table, also those before the first token's: a number that the family
// has, or those up to that of padding.
void positions_after_offset(ConfigFields& fields, nn::TransformerConfig& config);
void positions_after_padding(ConfigFields& fields, nn::TransformerConfig& config);
// Tables as wide as the layers have no projection.
void projection_if_widths_differ(ConfigFields& fields, nn::TransformerConfig& config);
// A decoder as deep as the encoder unless a field says otherwise.
void decoder_layers_are_layers(ConfigFields& fields, nn::TransformerConfig& config);
// decoder_attention_heads and decoder_ffn_dim: the encoder's.
void decoder_is_as_wide(ConfigFields& fields, nn::TransformerConfig& config);
// scale_embedding: rows of the token table are multiplied by the root of their width.
void embedding_scale_by_width(ConfigFields& fields, nn::TransformerConfig& config);
// encoder_layerdrop and decoder_layerdrop; only training reads them.
void layer_dropout(ConfigFields& fields, nn::TransformerConfig& config);
// position_biased_input, pos_att_type (a list, or names joined by "|"), position_buckets, max_relative_positions,
// norm_rel_ebd.
void disentangled_attention(ConfigFields& fields, nn::TransformerConfig& config);
// legacy: the names of a masked head's tensors, which are read in both spellings and written in the legacy one.
void legacy_names(ConfigFields& fields, nn::TransformerConfig& config);
// A GGUF file's decoder_start_token_id; that of config.json is every family's.
void start_token_of_gguf(ConfigFields& fields, nn::TransformerConfig& config);
// One dropout for every place.
void every_dropout_is_hidden(ConfigFields& fields, nn::TransformerConfig& config);
// feed_forward_proj: an activation, "gated-" before it for a gated network. "gated-gelu" has the tanh approximation.
void feed_forward_by_name(ConfigFields& fields, nn::TransformerConfig& config);
// Rows before a tied output matrix are divided by the root of their width; scale_decoder_outputs overrides it.
void output_scale_if_tied(ConfigFields& fields, nn::TransformerConfig& config);
// One field for the biases of query, key, value and output, or for every linear module of a layer.
void output_bias_is_attention_bias(ConfigFields& fields, nn::TransformerConfig& config);
void every_bias_is_attention_bias(ConfigFields& fields, nn::TransformerConfig& config);
// word_embed_proj_dim: tokens as wide as the layers have no projection.
void token_projection_if_widths_differ(ConfigFields& fields, nn::TransformerConfig& config);
// do_layer_norm_before: pre-norm with a last norm, which _remove_final_layer_norm leaves out, or post-norm without one.
void norms_before(ConfigFields& fields, nn::TransformerConfig& config);

// use_parallel_residual
void parallel_residual(ConfigFields& fields, nn::TransformerConfig& config);
// apply_residual_connection_post_layernorm
void residual(ConfigFields& fields, nn::TransformerConfig& config);
// scale_attn_weights and scale_attn_by_inverse_layer_idx
void attention_scale(ConfigFields& fields, nn::TransformerConfig& config);
// sliding_window: of all layers.
void sliding_window(ConfigFields& fields, nn::TransformerConfig& config);
// With use_sliding_window, of the layers from max_window_layers on, or of those in layer_types.
void sliding_window_if_used(ConfigFields& fields, nn::TransformerConfig& config);
// sliding_window: of every second layer from the first on, or of those in layer_types.
void alternating_windows(ConfigFields& fields, nn::TransformerConfig& config);
// sliding_window: of all layers but every sliding_window_pattern-th, or of those in layer_types.
void windows_by_pattern(ConfigFields& fields, nn::TransformerConfig& config);
// local_attention: half of it on each side, of all layers but every global_attn_every_n_layers-th from the first on, or
// of those in layer_types.
void local_attention(ConfigFields& fields, nn::TransformerConfig& config);
// no_rope_layers or no_rope_layer_interval; windows of these layers, or of those in layer_types.
void unrotated_layers(ConfigFields& fields, nn::TransformerConfig& config);
// The token table's rows are multiplied by the root of their width.
void embedding_scale_is_root(ConfigFields& fields, nn::TransformerConfig& config);
// attn_logit_softcapping and final_logit_softcapping; null: none.
void attention_softcap(ConfigFields& fields, nn::TransformerConfig& config);
void output_softcap(ConfigFields& fields, nn::TransformerConfig& config);
// attention_multiplier: all that attention scores are multiplied by; a GGUF file without it: 1 / sqrt(head_dim).
void attention_multiplier(ConfigFields& fields, nn::TransformerConfig& config);
// query_pre_attn_scalar
void attention_scale_of_dim(ConfigFields& fields, nn::TransformerConfig& config);
// "gelu" is another name of the tanh approximation here; listed before and after hidden_act.
void gelu_is_tanh(ConfigFields& fields, nn::TransformerConfig& config);
// rotary_emb_base and rotary_pct, for `rope` after it.
void rotary_fraction(ConfigFields& fields, nn::TransformerConfig& config);
// partial_rotary_factor is written even if it is 1, for a family with another default; before `rope`.
void partial_is_written(ConfigFields& fields, nn::TransformerConfig& config);
// Only unscaled rotary positions or longrope, after `rope`; "su" is an older name of longrope.
void long_rope_or_none(ConfigFields& fields, nn::TransformerConfig& config);
// True if each frequency is divided by a constant, for texts of any length (Llama 3).
bool divides_by_constants(const nn::Rope& rope);
// Rotary positions in every format: rope_theta with rope_scaling, rope_parameters, and GGUF's rope.*.
void rope(ConfigFields& fields, nn::TransformerConfig& config);
// One activation for a classifier and the transform of a masked LM.
void transform_has_classifier_activation(ConfigFields& fields, nn::TransformerConfig& config);
// classifier_pooling: cls or mean.
void classifier_pooling(ConfigFields& fields, nn::TransformerConfig& config);
// Other ones in layers with a window: rope_local_base_freq, or rope_parameters by the type of a layer.
void global_and_local_rope(ConfigFields& fields, nn::TransformerConfig& config);
// The same with global_rope_theta and local_rope_theta; rope_scaling is of all layers.
void global_and_local_theta(ConfigFields& fields, nn::TransformerConfig& config);

}  // namespace linnet::models::rules
