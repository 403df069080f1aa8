// Temporary folders, shared data, real models and errors, for tests of any module.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>

#include "linnet/base/error.h"

namespace linnet {

// A folder that is removed with the test.
class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "linnet-test-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::filesystem::path shared_data(std::string_view name) {
  return std::filesystem::path(LINNET_SOURCE_DIR) / "../shared/data" / name;
}

// A model of script/fetch-models in the cache: "SmolLM2-135M-Instruct.gguf", "all-MiniLM-L6-v2".
inline std::filesystem::path cached_model(std::string_view name) {
  const auto set = [](const char* variable) { return std::string(std::getenv(variable) ? std::getenv(variable) : ""); };
  std::filesystem::path cache = set("LINNET_CACHE");
  if (cache.empty())
    cache = (set("XDG_CACHE_HOME").empty() ? set("HOME") + "/.cache" : set("XDG_CACHE_HOME")) + "/linnet";
  return cache / "models" / name;
}

// Skips the test if a file outside the repository is missing.
#define LINNET_NEEDS(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << (path).string() << " here"

inline void put(const std::filesystem::path& file, std::string_view bytes) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << bytes;
}

// The path of a file with these bytes.
inline std::string written(const Scratch& scratch, std::string_view name, std::string_view bytes) {
  put(scratch / name, bytes);
  return (scratch / name).string();
}

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

// The message of the kBadInput error that `body` throws; "" and a failure if it throws none.
template <class Body>
std::string refusal(Body body) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was refused";
  return "";
}

}  // namespace linnet
