// A conversation in the terminal: a line is a turn, the answer streams, everything said so far goes along.
#pragma once

#include <string>

#include "completer.h"

namespace linnet::app {

// Ends with the end of standard input. Ctrl-C ends an answer; without one it ends the program. When the conversation no
// longer fits the model's context, its oldest turns are left out, with a note. A model without a chat template
// completes each line by itself.
void hold_conversation(const LoadedModel& loaded, Completer& completer, const std::string& system);

}  // namespace linnet::app
