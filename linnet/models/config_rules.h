// What a table of fields cannot say of a configuration: rules with a name, which a family's table has between its
// fields. Each is run where it stands, on reading and on writing.
#pragma once

#include "linnet/models/config_fields.h"
#include "linnet/nn/config.h"

namespace linnet::models::rules {

// A size of 0 is 4 times the hidden size.
void ffn_is_four_times_hidden(ConfigFields& fields, nn::TransformerConfig& config);
// Dropouts that are hidden_dropout where no field of their own follows.
void embedding_dropout_is_hidden(ConfigFields& fields, nn::TransformerConfig& config);
void classifier_dropout_is_hidden(ConfigFields& fields, nn::TransformerConfig& config);
// One field for the biases of queries, keys, values and outputs.
void output_bias_is_attention_bias(ConfigFields& fields, nn::TransformerConfig& config);

// apply_residual_connection_post_layernorm
void residual(ConfigFields& fields, nn::TransformerConfig& config);
// scale_attn_weights and scale_attn_by_inverse_layer_idx
void attention_scale(ConfigFields& fields, nn::TransformerConfig& config);
// Rotary positions in every spelling: rope_theta with rope_scaling, rope_parameters, and GGUF's rope.*.
void rope(ConfigFields& fields, nn::TransformerConfig& config);

}  // namespace linnet::models::rules
