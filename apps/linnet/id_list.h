// Token ids on the command line: "1,2,3".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "command.h"

namespace linnet::app {

// Wrong usage naming `option` if an item is not an integer, or there is none.
std::vector<std::int32_t> parse_ids(const Command& command, const std::string& option, std::string_view list);

}  // namespace linnet::app
