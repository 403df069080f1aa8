// What every fuzz target does with the bytes it is given: a bad input is refused by kBadInput naming its place, and
// nothing else may come out: no other exception, no failed assertion, no sanitizer report.
//
//   FUZZ_TARGET(bytes) { survives([&] { parse_json(bytes, "input"); }); }
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

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

#define FUZZ_TARGET(bytes)                                                         \
  static void fuzz_one(std::string_view bytes);                                    \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t n) { \
    fuzz_one({reinterpret_cast<const char*>(data), n});                            \
    return 0;                                                                      \
  }                                                                                \
  static void fuzz_one(std::string_view bytes)
