// How texts become vectors: the options that `embed` and `search` share.
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
// What was asked for, checked: wrong usage for a name or number that cannot be.
tasks::EmbedWishes embed_wishes(const Command& command, const EmbedFlags& flags);
// The options of the model that was loaded, with what was asked for.
tasks::EmbedOptions embed_options(const Command& command, const EmbedFlags& flags, const LoadedModel& loaded,
                                  const tasks::EmbedWishes& wishes);

}  // namespace linnet::app
