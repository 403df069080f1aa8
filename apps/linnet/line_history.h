// A history file: a JSON string per line, the newest last. It has at most kHistoryLines lines of at most kHistoryBytes
// (longer ones are dropped), and mode 0600.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace linnet::app {

inline constexpr std::size_t kHistoryLines = 1000, kHistoryBytes = 1000;

// Reads the history; empty if the file is absent or invalid. Skips lines that are not JSON strings.
std::vector<std::string> load_history(const std::filesystem::path& file);

// Adds a line; ignores errors, so that a conversation continues without its history.
void add_to_history(const std::filesystem::path& file, const std::string& line);

}  // namespace linnet::app
