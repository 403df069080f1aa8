// The section "Options" of docs/cli.md, from the table of options: each option once, with its verbs.
#pragma once

#include <span>
#include <string>

#include "command.h"

namespace linnet::app {

std::string option_tables(std::span<const CommandInfo> commands);

}  // namespace linnet::app
