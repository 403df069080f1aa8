// The text of --help, from the table of options, wrapped to a width.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "command.h"

namespace linnet::app {

std::string help_page(const CommandInfo& command, std::size_t columns);

// Wraps words to lines of at most `columns` cells, indented by `indent`; a longer word is alone. Ends with a newline.
std::string wrapped(std::string_view text, std::size_t columns, std::size_t indent = 0);
// A name and its explanation at column `at`: next to the name if it fits, else below it.
std::string wrapped_entry(const std::string& name, std::string_view text, std::size_t at, std::size_t columns);
// A command that a shell can read: lines are wrapped between words, with "\" at the end.
std::string wrapped_example(std::string_view command, std::size_t columns);

// The width that help is wrapped to: $COLUMNS, else standard output's terminal, else 80; at least 40.
std::size_t help_columns();

}  // namespace linnet::app
