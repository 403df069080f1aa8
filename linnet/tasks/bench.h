// The speed of a causal language model on this machine, and the work of a token, to compare it with the machine's.
//
//   const Speed speed = measure_speed(*loaded.model, {.prompt_tokens = 512, .new_tokens = 128});
//   const TokenWork work = work_of_token(*loaded.model);
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "linnet/models/model.h"

namespace linnet::tasks {

struct SpeedOptions {
  std::int64_t prompt_tokens = 512, new_tokens = 128, repetitions = 3;
  std::function<bool()> interrupted = {};                // called before every layer; if true, nn::Interrupted
  std::function<void(std::int64_t done)> progress = {};  // of repetitions
};
// Tokens per second of each repetition, after one that does not count; every prompt has other random ids.
struct Speed {
  std::vector<double> prefill, decode;
};
// kBadInput for another kind of model; kInvalidArgument if prompt and text do not fit the context.
Speed measure_speed(const models::Model& model, const SpeedOptions& options);

// Of a token that is predicted from the one before, without attention's reading of earlier tokens.
struct TokenWork {
  double bytes = 0;  // weights that are read
  double flops = 0;  // of products; a token of a prompt takes those of the layers
  double layer_flops = 0;
};
TokenWork work_of_token(models::Model& model);

}  // namespace linnet::tasks
