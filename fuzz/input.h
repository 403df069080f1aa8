// Runs a fuzz target on its input: a bad input must be kBadInput naming its place; no other exception, failed
// assertion, sanitizer report or second of processor time is allowed (script/fuzz limits the memory).
//
//   FUZZ_TARGET(bytes) { survives([&] { parse_json(bytes, "input"); }); }
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/base/error.h"

namespace linnet::fuzz {

class Folder {
 public:
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
  const std::filesystem::path path = std::filesystem::temp_directory_path() / fmt::format("linnet-fuzz-{}", ::getpid());
};

// Writes the input to a file with this name in a folder of this process, for readers that map files.
inline std::filesystem::path as_file(std::string_view bytes, std::string_view name) {
  static const Folder folder;
  std::ofstream(folder.path / name, std::ios::binary) << bytes;
  return folder.path / name;
}

// Splits an input of several files at its zero bytes; the last part is the rest.
inline std::vector<std::string_view> parts(std::string_view bytes, std::size_t count) {
  std::vector<std::string_view> all(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t end = i + 1 < count ? std::min(bytes.find('\0'), bytes.size()) : bytes.size();
    all[i] = bytes.substr(0, end);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  return all;
}

inline double processor_seconds() {
  std::timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Aborts if `run` takes more than a second of processor time twice: the first run may fill tables. Not wall time, since
// the machine may be busy.
template <class Run>
void in_time(Run run) {
  constexpr double kMostSeconds = 1;
  for (int again = 0; again < 2; ++again) {
    const double start = processor_seconds();
    run();
    const double taken = processor_seconds() - start;
    if (taken <= kMostSeconds) return;
    if (again == 1) {
      std::fprintf(stderr, "fuzz: the input takes %.2f s of processor time\n", taken);
      std::abort();
    }
  }
}

// Returns true if `read` accepted the input, false if it rejected it with kBadInput. Anything else aborts.
template <class Read>
bool survives(Read read) {
  try {
    read();
    return true;
  } catch (const Error& error) {
    const std::string_view message = error.what();
    LINNET_ASSERT(error.kind() == ErrorKind::kBadInput);
    LINNET_ASSERT(message.find(": ") != message.npos && message.find('\n') == message.npos);
    return false;
  }
}

}  // namespace linnet::fuzz

#define FUZZ_TARGET(bytes)                                                              \
  static void fuzz_one(std::string_view bytes);                                         \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t n) {      \
    linnet::fuzz::in_time([&] { fuzz_one({reinterpret_cast<const char*>(data), n}); }); \
    return 0;                                                                           \
  }                                                                                     \
  static void fuzz_one(std::string_view bytes)
