// Shared by the tasks of encoder-decoders: the encoder reads a source, the decoder predicts a target.
#pragma once

#include <functional>

#include "linnet/base/rng.h"
#include "linnet/data/collate/denoise.h"
#include "linnet/train/tasks/task.h"

namespace linnet {

// Makes source and target of a text; `clean` has no end token.
using Noise = std::function<Denoised(std::vector<std::int32_t> clean, Rng& rng)>;

class EncoderDecoderTask : public TrainTask {
 public:
  explicit EncoderDecoderTask(std::string_view name)
      : TrainTask({.name = name, .pipeline_tag = "text2text-generation"}) {}
  nn::HeadKind head(nn::HeadKind) const override { return nn::HeadKind::kSeq2SeqLm; }
};

enum class SequenceTarget : std::uint8_t { kOfTheRow, kTheText };
void encode_sequences(EncodeJob& job, SequenceTarget target);

std::int32_t end_id_of(const models::Model& model);
// `noise`: applied to an example's ids at every step; empty: the example has source and target.
std::unique_ptr<Objective> seq2seq_objective(EncodedSet set, const models::Model& model, std::string_view task,
                                             Noise noise = {});

}  // namespace linnet
