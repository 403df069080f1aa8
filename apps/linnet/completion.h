// Shell completions for three shells, from the table of verbs and options.
#pragma once

#include <span>
#include <string>

#include "command.h"

namespace linnet::app {

std::string bash_completion(std::span<const CommandInfo> commands);
std::string zsh_completion(std::span<const CommandInfo> commands);
std::string fish_completion(std::span<const CommandInfo> commands);

}  // namespace linnet::app
