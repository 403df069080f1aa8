#include "linnet/base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace linnet {
namespace {

spdlog::logger& logger() {
  static const auto shared = [] {
    auto made = std::make_shared<spdlog::logger>("linnet", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("linnet: %v");
    made->set_level(spdlog::level::info);
    return made;
  }();
  return *shared;
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                                   spdlog::level::off};
  return kLevels[static_cast<int>(level)];
}

}  // namespace

void set_log_level(LogLevel least) { logger().set_level(spdlog_level(least)); }

void log_message(LogLevel level, const Printable& message) {
  logger().log(spdlog_level(level), "{}{}", level == LogLevel::kWarning ? "warning: " : "", message.text());
}

}  // namespace linnet
