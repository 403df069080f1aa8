#include "linnet/base/file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <thread>

#include "tests/scratch.h"

namespace linnet {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.push_back(entry.path().filename().string());
  return names;
}

TEST(ReadFile, GivesEveryByte) {
  Scratch scratch;
  std::string bytes(100'000, 'x');
  bytes[7] = '\0', bytes[8] = '\n';
  put(scratch / "f", bytes);
  EXPECT_EQ(read_file(scratch / "f"), bytes);
  put(scratch / "empty", "");
  EXPECT_EQ(read_file(scratch / "empty"), "");
}

TEST(ReadFile, WhatIsNoFileIsRefusedByName) {
  Scratch scratch;
  EXPECT_THAT(refusal([&] { read_file(scratch / "nothing"); }), HasSubstr("nothing: cannot be opened"));
  EXPECT_THAT(refusal([&] { read_file(scratch.path()); }), HasSubstr("is not a file"));
  EXPECT_THAT(refusal([&] { MappedFile::open(scratch / "nothing"); }), HasSubstr("nothing: cannot be opened"));
  EXPECT_THAT(refusal([&] { MappedFile::open(scratch.path()); }), HasSubstr("is not a file"));
  EXPECT_THAT(refusal([&] { read_file("/dev/zero"); }), HasSubstr("is not a file"));
}

TEST(MappedFile, IsPrivate) {
  Scratch scratch;
  put(scratch / "f", "hello");
  const auto map = MappedFile::open(scratch / "f");
  ASSERT_EQ(map->bytes().size(), 5U);
  map->data()[0] = std::byte{'J'};
  EXPECT_EQ(std::memcmp(map->data(), "Jello", 5), 0);
  EXPECT_EQ(read_file(scratch / "f"), "hello");
  EXPECT_EQ(map->path(), scratch / "f");
  put(scratch / "empty", "");
  EXPECT_EQ(MappedFile::open(scratch / "empty")->bytes().size(), 0U);
}

TEST(MappedFile, ReleasedPagesAreReadAgain) {
  Scratch scratch;
  std::string bytes(50'000, 'a');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>('a' + i % 26);
  put(scratch / "f", bytes);
  const auto map = MappedFile::open(scratch / "f");
  EXPECT_EQ(std::memcmp(map->data(), bytes.data(), bytes.size()), 0);
  release_pages(map->data() + 100, 30'000);
  EXPECT_EQ(std::memcmp(map->data(), bytes.data(), bytes.size()), 0);
  release_pages(map->data(), 1);  // less than a page: nothing to do
}

TEST(AtomicFile, TheTargetChangesOnlyOnCommit) {
  Scratch scratch;
  put(scratch / "f", "old");
  {
    AtomicFile file(scratch / "f");
    file.write("new ");
    file.write("words");
    EXPECT_EQ(read_file(scratch / "f"), "old");
    file.commit();
    EXPECT_EQ(read_file(scratch / "f"), "new words");
  }
  EXPECT_THAT(names_in(scratch.path()), ::testing::ElementsAre("f"));
}

TEST(AtomicFile, WithoutCommitNothingIsLeft) {
  Scratch scratch;
  put(scratch / "f", "old");
  try {
    AtomicFile file(scratch / "f");
    file.write("half");
    throw 1;
  } catch (int) {
  }
  EXPECT_EQ(read_file(scratch / "f"), "old");
  EXPECT_THAT(names_in(scratch.path()), ::testing::ElementsAre("f"));
}

TEST(AtomicFile, FailuresAreTheWorldsAndNameTheTarget) {
  Scratch scratch;
  const auto failure = [](auto body) -> std::string {
    try {
      body();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kRuntime);
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(failure([&] { write_file(scratch / "no/such/folder/f", "x"); }),
              HasSubstr("no/such/folder/f: cannot be written"));
  std::filesystem::create_directories(scratch / "taken/by/a/folder");
  EXPECT_THAT(failure([&] { write_file(scratch / "taken", "x"); }), HasSubstr("taken: cannot be replaced"));
  EXPECT_THAT(names_in(scratch.path()), ::testing::ElementsAre("taken"));
  EXPECT_THAT(failure([] { AtomicFile("/dev/full/x"); }), HasSubstr("/dev/full/x"));
}

// In a process of its own: afterwards nothing is committed.
TEST(RemoveUnfinished, TakesWhatIsNotCommitted) {
  Scratch scratch;
  const auto end_amid_writing = [&] {
    AtomicFile file(scratch / "f");
    file.write("half");
    AtomicFolder folder(scratch / "g");
    put(folder.path() / "a/b/c", "x");
    AtomicFile inside(folder.path() / "d");
    write_file(scratch / "whole", "x");
    if (names_in(scratch.path()).size() != 3) _exit(1);
    remove_unfinished();
    _exit(0);
  };
  EXPECT_EXIT(end_amid_writing(), ::testing::ExitedWithCode(0), "");
  EXPECT_THAT(names_in(scratch.path()), ::testing::ElementsAre("whole"));
}

// The thread for signals removes files while others write and commit.
TEST(RemoveUnfinished, WhileOthersWriteLeavesWholeFilesOnly) {
  Scratch scratch;
  const auto end_amid_writing = [&] {
    const auto write_on = [&](int writer) {
      for (int i = 0;; ++i) {
        AtomicFolder folder(scratch / fmt::format("{}-{}", writer, i));
        // Not with `put`, which would create the folder again after it was removed.
        for (const char* name : {"a", "b"}) std::ofstream(folder.path() / name) << "whole";
        folder.commit();
      }
    };
    std::vector<std::thread> writers;
    for (int writer = 0; writer < 3; ++writer) writers.emplace_back(write_on, writer);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    remove_unfinished();
    _exit(0);
  };
  for (int round = 0; round < 10; ++round) {
    EXPECT_EXIT(end_amid_writing(), ::testing::ExitedWithCode(0), "");
    for (const std::string& name : names_in(scratch.path())) {
      EXPECT_EQ(name.find("incomplete"), std::string::npos) << name;
      EXPECT_THAT(names_in(scratch / name), ::testing::UnorderedElementsAre("a", "b")) << name;
      std::filesystem::remove_all(scratch / name);
    }
  }
}

TEST(MappedFile, IsKnownByItsAddressesWhileItLives) {
  Scratch scratch;
  put(scratch / "f", std::string(10'000, 'x'));
  const std::byte* inside = nullptr;
  {
    const auto mapped = MappedFile::open(scratch / "f");
    inside = mapped->data() + 9'999;
    ASSERT_NE(mapped_file_at(inside), nullptr);
    EXPECT_EQ(mapped_file_at(inside), mapped->path().string());
    EXPECT_EQ(mapped_file_at(inside + 1), nullptr);
  }
  EXPECT_EQ(mapped_file_at(inside), nullptr);
}

TEST(MappedFile, APipeIsNoFileAndNotWaitedFor) {
  Scratch scratch;
  ASSERT_EQ(mkfifo((scratch / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(refusal([&] { MappedFile::open(scratch / "pipe"); }), HasSubstr("pipe: is not a file"));
  EXPECT_THAT(refusal([&] { read_file(scratch / "pipe"); }), HasSubstr("pipe: is not a file"));
}

// A concurrent reader sees complete versions only.
TEST(AtomicFile, AReaderNeverSeesAMixture) {
  Scratch scratch;
  const auto file = scratch / "f";
  write_file(file, std::string(20'000, 'a'));
  std::jthread writer([&] {
    for (int i = 1; i < 60; ++i) write_file(file, std::string(20'000, static_cast<char>('a' + i % 26)));
  });
  for (int i = 0; i < 200; ++i) {
    const std::string text = read_file(file);
    ASSERT_EQ(text, std::string(20'000, text[0]));
  }
}

// Absent and unreadable are different.
TEST(Presence, TellsAbsentFromUnreadable) {
  Scratch scratch;
  namespace fs = std::filesystem;
  fs::create_symlink("loop", scratch / "loop");
  fs::create_symlink("nothing", scratch / "dangling");
  ASSERT_EQ(mkfifo((scratch / "pipe").c_str(), 0600), 0);
  put(scratch / "file", "x");
  EXPECT_EQ(presence(scratch / "none"), Presence::kAbsent);
  EXPECT_EQ(presence(scratch / "file/below"), Presence::kAbsent);
  EXPECT_EQ(presence(scratch / "pipe"), Presence::kOther);
  EXPECT_EQ(presence(scratch.path()), Presence::kFolder);
  for (const fs::path& path : {scratch / "loop", scratch / "dangling", scratch.path() / std::string(5000, 'x')}) {
    refusal([&] { presence(path); });
    refusal([&] { has_companion(path); });
  }
  refusal([&] { has_companion(scratch / "pipe"); });
  refusal([&] { has_companion(scratch.path()); });
  EXPECT_TRUE(has_companion(scratch / "file"));
  EXPECT_FALSE(has_companion(scratch / "none"));
}

TEST(FilesBelow, FollowsNoLinkAndHasBounds) {
  Scratch scratch, outside;
  namespace fs = std::filesystem;
  put(scratch / "b/c", "x");
  put(scratch / "a", "x");
  put(outside / "theirs", "x");
  fs::create_directory_symlink(outside.path(), scratch / "link");
  EXPECT_THAT(files_below(scratch.path()), testing::ElementsAre("a", "b/c", "link"));
  EXPECT_TRUE(is_link(scratch / "link"));
  EXPECT_FALSE(is_link(scratch / "a"));
  EXPECT_THAT(refusal([&] { files_below(scratch.path(), 1); }), HasSubstr("holds more than 1 files"));
  fs::path deep = scratch / "deep";
  for (int i = 0; i < 70; ++i) deep /= "d";
  put(deep / "file", "x");
  EXPECT_THAT(refusal([&] { files_below(scratch.path()); }), HasSubstr("more than 64 deep"));
  refusal([&] { files_below(scratch / "none"); });
}

// Deletion never follows a link.
TEST(RemoveBelow, StaysInsideItsRoot) {
  Scratch scratch, outside;
  namespace fs = std::filesystem;
  put(outside / "theirs/x", "mine");
  put(scratch / "a/b/c", "x");
  fs::create_directory_symlink(outside.path(), scratch / "link");
  fs::create_directory_symlink(outside.path(), scratch / "a/b/link");
  EXPECT_THAT(refusal([&] { remove_below(scratch.path(), "link/theirs"); }), HasSubstr("link: is a link"));
  EXPECT_THAT(refusal([&] { remove_below(scratch.path(), "a/b/link/theirs/x"); }), HasSubstr("nothing behind it"));
  remove_below(scratch.path(), "a/b");
  EXPECT_FALSE(fs::exists(scratch / "a/b"));
  EXPECT_TRUE(fs::exists(scratch / "a"));
  remove_below(scratch.path(), "link");
  EXPECT_FALSE(is_link(scratch / "link"));
  remove_below(scratch.path(), "none/at/all");
  remove_below(scratch / "none", "x");
  remove_tree(scratch / "a");
  EXPECT_TRUE(fs::is_empty(scratch.path()));
  EXPECT_EQ(read_file(outside / "theirs/x"), "mine");
}

TEST(SafeRelativeName, TakesPathsBelowAFolderOnly) {
  for (const char* good : {"a", "a/b.safetensors", "model-00001-of-00002.safetensors", "..a", "a..", ".hidden/x", "ü"})
    EXPECT_TRUE(safe_relative_name(good)) << good;
  for (const std::string& bad :
       {std::string(""), std::string("/a"), std::string("../a"), std::string("a/../b"), std::string("a/.."),
        std::string("."), std::string("a//b"), std::string("a/"), std::string("a\\b"), std::string("C:x"),
        std::string("a\0b", 3), std::string(5000, 'a')})
    EXPECT_FALSE(safe_relative_name(bad)) << bad;
}

}  // namespace
}  // namespace linnet
