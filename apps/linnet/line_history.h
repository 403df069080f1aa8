// Lines typed before, in a file: a JSON string per line, the newest last. The file has at most kHistoryLines, each of
// at most kHistoryBytes (longer ones are not kept), and mode 0600.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace linnet::app {

inline constexpr std::size_t kHistoryLines = 1000, kHistoryBytes = 1000;

// What is there; empty where the file is absent or is not one. Lines that are not JSON strings are passed over.
std::vector<std::string> load_history(const std::filesystem::path& file);

// Adds a line, or does nothing where that fails: a conversation does not end because its history cannot be kept.
void add_to_history(const std::filesystem::path& file, const std::string& line);

}  // namespace linnet::app
