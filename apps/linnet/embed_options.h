// Options of vectors, shared by `embed` and `search`.
#pragma once

#include <string>

#include "command.h"
#include "linnet/tasks/embed.h"
#include "model_options.h"

namespace linnet::app {

struct EmbedFlags {
  std::string pooling, prompt, prompt_name;
  std::int64_t max_length = 0;
  bool unit = false;
};

void add_embed_options(Command& command, EmbedFlags& flags);
// Checks the flags: wrong usage for an invalid name or number.
tasks::EmbedWishes embed_wishes(const Command& command, const EmbedFlags& flags);
// The options of the loaded model, replaced by those of the flags.
tasks::EmbedOptions embed_options(const Command& command, const EmbedFlags& flags, const Loaded& loaded,
                                  const tasks::EmbedWishes& wishes);

}  // namespace linnet::app
