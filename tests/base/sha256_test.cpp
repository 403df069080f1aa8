#include "linnet/base/sha256.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "linnet/base/error.h"
#include "linnet/base/file.h"

namespace linnet {
namespace {

TEST(Sha256, KnownDigests) {  // FIPS 180-4 examples
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256, FileInPiecesIsTheWhole) {
  const auto file = std::filesystem::temp_directory_path() / "linnet_sha256_test.bin";
  const std::string bytes(3'000'001, 'x');
  write_file(file, bytes);
  EXPECT_EQ(sha256_file(file), sha256_hex(bytes));
  std::filesystem::remove(file);
  EXPECT_THROW(sha256_file(file), Error);
}

}  // namespace
}  // namespace linnet
