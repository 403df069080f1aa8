#include "linnet/hub/download.h"

#include <gtest/gtest.h>

#include "linnet/base/file.h"
#include "tests/scratch.h"

namespace linnet::test {
namespace {

TEST(Download, GitBlobHash) {
  Scratch scratch;
  write_file(scratch / "hello", "hello\n");
  EXPECT_EQ(hub::git_blob_hash(scratch / "hello"), "ce013625030ba8dba906f756967f9e9ca394464a");  // git hash-object
  write_file(scratch / "empty", "");
  EXPECT_EQ(hub::git_blob_hash(scratch / "empty"), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
}

}  // namespace
}  // namespace linnet::test
