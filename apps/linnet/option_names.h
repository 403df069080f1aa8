// The library names an option by its field; on the command line it has a flag.
#pragma once

#include <string>
#include <string_view>

namespace linnet::app {

// "learning_rate" -> "--learning-rate"
std::string flag_of(std::string_view field);

}  // namespace linnet::app
