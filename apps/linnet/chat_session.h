// A conversation in the terminal: a line or a paste is a turn; the answer is streamed; the prompt has all turns so far.
#pragma once

#include <string>

#include "completer.h"

namespace linnet::app {

enum class SeedFrom : std::uint8_t { kUser, kChance };

struct ConversationOptions {
  std::string system = {};
  SeedFrom seed = SeedFrom::kChance;  // kUser: --seed was given, so the conversation is reproducible
};

// Ends with Ctrl-D, /exit, or Ctrl-C twice at the prompt (exit 130). Ctrl-C stops an answer, and drops a line at the
// prompt. If the context is full, it drops the oldest turns, with a note. A model without a chat template completes
// each line separately. Unless the command line or the checkpoint has sampling options, answers are sampled at
// temperature 0.7 and top-p 0.9.
void hold_conversation(const Loaded& loaded, Completer& completer, const ConversationOptions& options);

}  // namespace linnet::app
