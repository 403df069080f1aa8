// A tiny encoder-decoder of the library's modules, with their names: there is no family with two stacks yet.
#pragma once

#include "linnet/models/model.h"

namespace linnet {

inline constexpr models::NamePair kTinyNames[] = {{"encoder.embeddings.tokens", "encoder.embeddings.tokens"}};
inline constexpr models::ArchitectureName kTinyArchitectures[] = {{"Tiny", nn::HeadKind::kSeq2SeqLm}};
inline const models::Family kTiny{.model_type = "tiny", .architectures = kTinyArchitectures, .names = kTinyNames};

inline nn::TransformerConfig tiny_config() {
  nn::TransformerConfig c;
  c.stack = nn::Stack::kEncoderDecoder;
  c.head = nn::HeadKind::kSeq2SeqLm;
  c.vocab = 67, c.hidden = 24, c.layers = c.decoder_layers = 2, c.heads = c.kv_heads = 3, c.head_dim = 8, c.ffn = 40;
  c.max_positions = 64;
  c.tie_embeddings = false;
  c.initializer_range = 0.1;
  c.decoder_start_id = 0;
  c.eos_ids = {2};
  return c;
}

}  // namespace linnet
