// The tiny encoder-decoder in training: its tokenizer, and what a batch gives.
#pragma once

#include "linnet/adapt/loaded.h"
#include "linnet/train/tasks/objective.h"
#include "tests/models/fixture.h"
#include "tests/models/tiny_encoder_decoder.h"

namespace linnet {

inline Tokenizer tokenizer() { return models::load_tokenizer(fixtures() / "bert/masked"); }

inline Tensor hidden_of(const models::Model& model, const TrainBatch& batch) {
  const nn::Encoded encoded = model.encode(batch.encoder);
  return model.forward(batch.packed, {.encoder = &encoded});
}

}  // namespace linnet
