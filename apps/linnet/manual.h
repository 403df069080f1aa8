// Manual pages with man(7)'s macros, from the table of verbs and options.
#pragma once

#include <span>
#include <string>

#include "command.h"

namespace linnet::app {

std::string manual_page(const CommandInfo& command);               // linnet-VERB(1)
std::string overview_page(std::span<const CommandInfo> commands);  // linnet(1)

}  // namespace linnet::app
