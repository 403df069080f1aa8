// Ranges and owners of a training run's options. The field of an omitted option has a value in range that means
// "default".
#pragma once

#include "linnet/base/option_rule.h"

namespace linnet {

inline constexpr OptionRule kTrainRules[] = {
    {"whole_word", {}, "task", "masked-lm,masked-next-sentence"},
    {"mask_probability", below_one(), "task", "masked-lm,masked-next-sentence"},
    {"append_eos", {}, "task", "causal-lm"},
    {"packing", {}, "task", "causal-lm"},
    {"problem", {}, "task", "classify"},
    {"head_kind", {}, "task", "classify,tokens"},
    {"pooling", {}, "task", "classify,tokens"},
    {"label_smoothing", below_one(), "task", "classify"},
    {"class_weights", {}, "task", "classify"},
    {"max_length", at_least(1)},

    {"lora_rank", at_least(1), "method", "lora"},
    {"lora_alpha", above(0), "method", "lora"},
    {"lora_dropout", below_one(), "method", "lora"},
    {"rank_stabilised", {}, "method", "lora"},
    {"target_modules", {}, "method", "lora"},
    {"virtual_tokens", at_least(1), "method", "prompt,prefix"},
    {"prompt_init", {}, "method", "prompt"},
    {"prefix_projection", {}, "method", "prefix"},
    {"prefix_hidden", at_least(0), "method", "prefix"},
    {"prefix_reach", {}, "method", "prefix"},
    {"freeze", {}, "method", "full"},
    {"start", {}, "method", "full,head"},  // an adapter does not store a random base

    {"epochs", at_least(1)},
    {"max_steps", at_least(0)},
    {"batch_size", at_least(1)},
    {"batch_tokens", at_least(0)},
    {"grad_accumulation", at_least(1)},
    {"learning_rate", at_least(0)},
    {"momentum", below_one(), "optimizer", "sgd"},
    {"weight_decay", at_least(0)},
    {"warmup_ratio", below_one()},
    {"clip", at_least(0)},
    {"valid_fraction", below_one()},
    {"eval_every", at_least(0)},
    {"early_stopping", at_least(0)},
    {"save_every", at_least(0)},
    {"keep", at_least(0)},
};

}  // namespace linnet
