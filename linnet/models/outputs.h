// All outputs of a model for a padded batch, with Transformers' names.
//
//   for (const NamedTensor& t : outputs(*model, {.ids = {{5, 6, 7}, {8, 9, 0}}, .mask = {{1, 1, 1}, {1, 1, 0}}}))
//     writer.add(t.name, t.value);
#pragma once

#include <string>
#include <vector>

#include "linnet/models/model.h"

namespace linnet::models {

struct NamedTensor {
  std::string name;
  Tensor value;  // f32
};

// `last_hidden_state` [batch, length, hidden] (of the decoder if there is one; then also `encoder_last_hidden_state`);
// `logits` [batch, length, vocabulary or classes], or [batch, labels] of a sequence classifier; `start_logits`,
// `end_logits` [batch, length]; `pooler_output` [batch, hidden]; `seq_relationship_logits` [batch, 2]; those that the
// model has. Masked positions are 0. kInvalidArgument for ids outside the vocabulary, rows of unequal length, and a row
// that is entirely masked. `decoder`: rows of the decoder of an encoder-decoder, one per row of `batch`; absent for
// other models.
std::vector<NamedTensor> outputs(const Model& model, const nn::PaddedBatch& batch, const nn::PaddedBatch& decoder = {});

}  // namespace linnet::models
