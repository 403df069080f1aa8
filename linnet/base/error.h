// One exception class with a kind; `fail` and `check` throw it.
//
//   check(k == weight.size(1), "[linear] x has {} columns, weight takes {}", k, weight.size(1));
//   fail(ErrorKind::kBadInput, "{}: tensor '{}' ends past the file; download it again", path, name);
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "linnet/base/option.h"
#include "linnet/base/printable.h"

namespace linnet {

// The kind decides the exit code of the program (docs/cli.md) and the HTTP status of a server.
enum class ErrorKind : std::uint8_t {
  kInvalidArgument,  // the caller's mistake: shapes that do not fit, an option out of range; exit 2
  kBadInput,         // a model, data or template file that is broken, missing or unsupported; exit 3
  kRuntime,          // memory, disk, network; exit 1
  kInterrupted,      // the user asked to stop; exit 130
};

class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const Printable& message, std::string_view option = {})
      : std::runtime_error(message.text()), kind_(kind), option_(option) {}
  ErrorKind kind() const { return kind_; }
  // The field name of the wrong option; "" if the error is not about an option.
  const std::string& option() const { return option_; }

 private:
  ErrorKind kind_;
  std::string option_;
};

// Messages: `<place>: fact, fact; what to do`. Text arguments are escaped; `printable(text, limit)` also cuts them.
template <class... Args>
[[noreturn]] void fail(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(kind, detail::format_shown(format, args...));
}
template <class... Args>
void check(bool ok, ErrorKind kind, fmt::format_string<Args...> format, Args&&... args) {
  if (!ok) [[unlikely]]
    throw Error(kind, detail::format_shown(format, args...));
}
template <class... Args>
void check(bool ok, fmt::format_string<Args...> format, Args&&... args) {
  if (!ok) [[unlikely]]
    throw Error(ErrorKind::kInvalidArgument, detail::format_shown(format, args...));
}

namespace detail {

template <class... Args>
Error option_error(const char* field, fmt::string_view format, const Args&... args) {
  return {ErrorKind::kInvalidArgument, format_printable("{}: ", option(field)) + format_shown(format, args...), field};
}

}  // namespace detail

// An option of the call is wrong. The message begins with its name.
template <class... Args>
[[noreturn]] void fail_option(const char* field, fmt::format_string<Args...> format, Args&&... args) {
  throw detail::option_error(field, format, args...);
}
template <class... Args>
void check_option(bool ok, const char* field, fmt::format_string<Args...> format, Args&&... args) {
  if (!ok) [[unlikely]]
    throw detail::option_error(field, format, args...);
}

// Runs `work` on a row of a file: an invalid argument becomes an error of the file, with the place of the row. With an
// empty place it stays the caller's error.
template <class Work>
void blame(const std::string& place, const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    if (place.empty() || error.kind() != ErrorKind::kInvalidArgument) throw;
    throw Error(ErrorKind::kBadInput, format_printable("{}: {}", place, error.what()), error.option());
  }
}

[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);
// For bugs of this library only; also active in release builds.
#define LINNET_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::linnet::assertion_failed(#condition, __FILE__, __LINE__))

}  // namespace linnet
