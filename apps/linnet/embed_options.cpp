#include "embed_options.h"

namespace linnet::app {

void add_embed_options(Command& command, EmbedFlags& flags) {
  command.choice("--pooling", flags.pooling,
                 {"mean", "cls", "last", "max", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"});
  command.flag("--unit", flags.unit);
  command.option("--prompt-name", flags.prompt_name);
  command.option("--prompt", flags.prompt);
  command.option("--max-length", flags.max_length);
}

tasks::EmbedWishes embed_wishes(const Command& command, const EmbedFlags& flags) {
  tasks::EmbedWishes wishes;
  if (command.given("--pooling")) wishes.pooling = models::pooling_named(flags.pooling);
  if (command.given("--prompt") && command.given("--prompt-name"))
    command.wrong_usage("--prompt and --prompt-name both name what comes before a text; give one");
  if (command.given("--unit")) wishes.unit = flags.unit;
  if (command.given("--prompt")) wishes.prompt = flags.prompt;
  if (command.given("--prompt-name")) wishes.prompt_name = flags.prompt_name;
  return wishes;
}

tasks::EmbedOptions embed_options(const Command& command, const EmbedFlags& flags, const Loaded& loaded,
                                  const tasks::EmbedWishes& wishes) {
  // An adapter's folder may be a sentence-transformers folder.
  const auto& adapter = loaded.files.adapter;
  const bool own = adapter && !adapter->companions().modules_json().is_null();
  tasks::EmbedOptions options = tasks::embed_defaults(own ? adapter->companions() : loaded.files.model, wishes);
  if (command.given("--max-length")) options.max_length = flags.max_length;
  return options;
}

}  // namespace linnet::app
