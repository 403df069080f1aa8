// The section "Options" of docs/cli.md, made from the table of options: each once, with the verbs that have it.
#pragma once

#include <span>
#include <string>

#include "command.h"

namespace linnet::app {

std::string option_tables(std::span<const CommandInfo> commands);

}  // namespace linnet::app
