// Amounts of memory on the command line: "4G", "512M", "1.5GiB", "800MB".
#pragma once

#include <cstddef>
#include <string>

#include "command.h"

namespace linnet::app {

// K, M, G, T (and KiB, MiB …) are powers of 1024, kB, MB, GB, TB of 1000; a number without a unit is in bytes. Anything
// else is wrong usage naming `option`.
std::size_t parse_bytes(const Command& command, const std::string& option, const std::string& text);

}  // namespace linnet::app
