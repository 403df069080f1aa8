// AtomicFolder of file.h.
#include <gtest/gtest.h>

#include "linnet/base/file.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

std::size_t entries(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(AtomicFolder, AppearsWholeOrNotAtAll) {
  Scratch scratch;
  {
    AtomicFolder folder(scratch / "out");
    put(folder.path() / "a", "1");
    EXPECT_FALSE(std::filesystem::exists(scratch / "out"));
  }
  EXPECT_EQ(entries(scratch.path()), 0U);
  AtomicFolder folder(scratch / "out/");  // as shells complete it
  put(folder.path() / "b", "2");
  folder.commit();
  EXPECT_EQ(read_file(scratch / "out/b"), "2");
  EXPECT_EQ(entries(scratch.path()), 1U);
}

TEST(AtomicFolder, TakesThePlaceOfAnEmptyFolderOnly) {
  Scratch scratch;
  std::filesystem::create_directory(scratch / "empty");
  AtomicFolder folder(scratch / "empty");
  put(folder.path() / "a", "1");
  folder.commit();
  EXPECT_EQ(entries(scratch / "empty"), 1U);
  EXPECT_THROW(AtomicFolder(scratch / "empty"), Error);
  put(scratch / "file", "");
  EXPECT_THROW(AtomicFolder(scratch / "file"), Error);
  EXPECT_THROW(AtomicFolder(scratch / "file/below"), Error);
}

}  // namespace
}  // namespace linnet
