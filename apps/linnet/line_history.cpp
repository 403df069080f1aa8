#include "line_history.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/json.h"

namespace linnet::app {

namespace {

constexpr std::size_t kMostBytes = 16 << 20;  // maximum size of a history file

std::vector<std::string> entries(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0, end; (end = text.find('\n', at)) != text.npos; at = end + 1) {
    try {
      const Json line = parse_json(std::string_view(text).substr(at, end - at), "history");
      if (line.is_string()) lines.push_back(line.get<std::string>());
    } catch (const Error&) {  // another program's line
    }
  }
  return lines;
}

void write_private(const std::filesystem::path& file, int flags, const std::string& text) {
  const int descriptor = open(file.c_str(), flags | O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (descriptor < 0) return;
  if (fchmod(descriptor, 0600) == 0) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    static_cast<void>(written);
  }
  close(descriptor);
}

}  // namespace

std::vector<std::string> load_history(const std::filesystem::path& file) {
  try {
    if (!is_file(file)) return {};
    std::vector<std::string> lines = entries(read_file(file, kMostBytes));
    if (lines.size() <= kHistoryLines) return lines;
    lines.erase(lines.begin(), lines.end() - kHistoryLines);
    std::string text;
    for (const std::string& line : lines) text += dump_json(line) + "\n";
    write_private(file, O_TRUNC, text);
    return lines;
  } catch (const Error&) {
    return {};
  }
}

void add_to_history(const std::filesystem::path& file, const std::string& line) {
  if (line.size() > kHistoryBytes) return;
  try {
    make_folders(file.parent_path());
    if (presence(file) == Presence::kAbsent || is_file(file)) write_private(file, O_APPEND, dump_json(line) + "\n");
  } catch (const Error&) {  // it cannot be written
  }
}

}  // namespace linnet::app
