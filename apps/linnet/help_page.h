// What --help prints, made from the table of options and wrapped to a width.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "command.h"

namespace linnet::app {

std::string help_page(const CommandInfo& command, std::size_t columns);

// Words in lines of at most `columns` cells, each `indent` cells in; a longer word stands alone. Ends with a line end.
std::string wrapped(std::string_view text, std::size_t columns, std::size_t indent = 0);
// A name and what it is, which begins at `at`: beside the name where that fits, else below it.
std::string wrapped_entry(const std::string& name, std::string_view text, std::size_t at, std::size_t columns);
// A command that a shell still reads: lines are broken between its words, with "\" at the end.
std::string wrapped_example(std::string_view command, std::size_t columns);

// The width that help is wrapped to: $COLUMNS, else standard output's terminal, else 80; at least 40.
std::size_t help_columns();

}  // namespace linnet::app
