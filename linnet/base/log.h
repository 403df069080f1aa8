// Notes and warnings to stderr, as `linnet: warning: …`. Results are never printed here.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "linnet/base/printable.h"

namespace linnet {

enum class LogLevel : std::uint8_t { kDebug, kNote, kWarning, kOff };
void set_log_level(LogLevel least);
void log_message(LogLevel level, const Printable& message);

template <class... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  log_message(LogLevel::kWarning, detail::format_shown(format, args...));
}
template <class... Args>
void note(fmt::format_string<Args...> format, Args&&... args) {
  log_message(LogLevel::kNote, detail::format_shown(format, args...));
}

}  // namespace linnet
