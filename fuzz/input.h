// What every fuzz target does with the bytes it is given: a bad input is refused by kBadInput naming its place, and
// nothing else may come out: no other exception, no failed assertion, no sanitizer report, and no second of processor
// time (script/fuzz bounds the memory).
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

// The input as a file of this name in a folder of this process, for readers that map their files.
inline std::filesystem::path as_file(std::string_view bytes, std::string_view name) {
  static const Folder folder;
  std::ofstream(folder.path / name, std::ios::binary) << bytes;
  return folder.path / name;
}

// An input that stands for several files: cut at its zero bytes, the last part takes the rest.
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

// Ends the process where `run` takes more than a second of processor time, twice: the first time may have filled tables
// that are made at first use. Not the clock's time, the machine may be busy.
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

// True where `read` took its input; false where it refused as it should. Anything else ends the process.
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
