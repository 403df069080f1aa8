// Hostile files, our own (tools/fixtures/hostile.py) and those of ../shared/data/bad-inputs, and their rules: no
// signal, an error with the file and a fact, at most a second, memory in proportion.
//
//   for (const BadInput& row : hostile_files("gguf/")) expect_contained(row, [&] { GgufFile::open(row.path); });
#pragma once

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/resource.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "linnet/base/error.h"
#include "linnet/base/json.h"
#include "tests/sanitized.h"

namespace linnet::test {

struct BadInput {
  std::filesystem::path path;
  std::string file;    // as in the manifest: "gguf/02_bad_magic.gguf"
  std::string expect;  // "accept", "reject", "no_crash", "no_hang", "policy"
  std::string why;
};

inline std::filesystem::path bad_inputs_folder() {
  return std::filesystem::path(LINNET_SOURCE_DIR) / "../shared/data/bad-inputs";
}

// The rows of one format; empty if the folder is missing.
inline std::vector<BadInput> bad_inputs(const std::string& prefix,
                                        const std::filesystem::path& folder = bad_inputs_folder()) {
  std::vector<BadInput> rows;
  std::ifstream manifest(folder / "MANIFEST.jsonl");
  for (std::string line; std::getline(manifest, line);) {
    const Json row = parse_json(line, "MANIFEST.jsonl");
    const std::string file = row["file"];
    if (!file.starts_with(prefix)) continue;
    rows.push_back({folder / file, file, row["expect"], row["why"]});
    EXPECT_EQ(std::filesystem::file_size(rows.back().path), row["bytes"].get<std::uintmax_t>()) << file;
  }
  return rows;
}

inline std::filesystem::path own_hostile_files() {
  return std::filesystem::path(LINNET_SOURCE_DIR) / "tests/fixtures/hostile";
}

// Our own files of one format, then the shared ones if they are here.
inline std::vector<BadInput> hostile_files(const std::string& prefix) {
  std::vector<BadInput> rows = bad_inputs(prefix, own_hostile_files());
  EXPECT_GT(rows.size(), 10U) << prefix;
  for (const BadInput& shared : bad_inputs(prefix)) rows.push_back(shared);
  return rows;
}

inline constexpr double kMostSeconds = kSanitized ? 5 : 1;

enum class Outcome { kAccepted, kRejected };

// Runs `body` on a stack of 256 KiB (four times that with sanitizers, which have larger frames).
inline void on_small_stack(std::function<void()> body) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, (kSanitized ? 1024u : 256u) << 10);
  pthread_t thread;
  const auto start = [](void* argument) -> void* {
    (*static_cast<std::function<void()>*>(argument))();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, start, &body), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

inline long peak_kib() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  return use.ru_maxrss;
}

// Reads one row and checks the rules; the outcome must be what the manifest expects.
inline void expect_contained(const BadInput& row, const std::function<void()>& read) {
  SCOPED_TRACE(row.file + ": " + row.why);
  const long before = peak_kib();
  const auto start = std::chrono::steady_clock::now();
  Outcome outcome = Outcome::kAccepted;
  std::string message, other;
  ErrorKind kind = ErrorKind::kBadInput;
  on_small_stack([&] {
    try {
      read();
    } catch (const Error& error) {
      outcome = Outcome::kRejected;
      message = error.what();
      kind = error.kind();
    } catch (const std::exception& error) {
      other = error.what();
    }
  });
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(other, "") << "an exception that is not ours";
  EXPECT_LT(took.count(), kMostSeconds);
  const auto file_kib = static_cast<long>(std::filesystem::file_size(row.path) >> 10);
  if (!kSanitized) {
    EXPECT_LE(peak_kib() - before, 2 * file_kib + (64 << 10));
  }
  if (outcome == Outcome::kRejected) {
    EXPECT_EQ(kind, ErrorKind::kBadInput) << message;
    EXPECT_NE(message.find(": "), message.npos) << message;
    EXPECT_EQ(message.find('\n'), message.npos) << message;
  }
  if (row.expect == "accept") {
    EXPECT_EQ(outcome, Outcome::kAccepted) << message;
  }
  if (row.expect == "reject") {
    EXPECT_EQ(outcome, Outcome::kRejected);
  }
}

}  // namespace linnet::test
