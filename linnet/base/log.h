// Notes and warnings to stderr, as `linnet: warning: …`. Results never come this way.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace linnet {

enum class LogLevel : std::uint8_t { kDebug, kNote, kWarning, kOff };
void set_log_level(LogLevel least);
void log_message(LogLevel level, const std::string& message);

template <class... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  log_message(LogLevel::kWarning, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void note(fmt::format_string<Args...> format, Args&&... args) {
  log_message(LogLevel::kNote, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace linnet
