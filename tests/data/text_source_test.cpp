#include "linnet/data/text_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/data/dataset.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

using testing::HasSubstr;

// gzip of "text\nhello\n".
const std::string kPacked(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x2b\x49\xad\x28\xe1\xca\x48\xcd\xc9\xc9\xe7\x02\x00"
    "\xc3\x6f\x5b\x52\x0b\x00\x00\x00",
    31);

std::string error_of(const std::string& packed, std::size_t most = 100) {
  try {
    return "unpacked: " + gunzip(packed, "f.gz", most);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    return error.what();
  }
}

TEST(TextSource, UnpacksGzip) {
  EXPECT_EQ(gunzip(kPacked, "f.gz"), "text\nhello\n");
  EXPECT_EQ(gunzip(kPacked + kPacked, "f.gz"), "text\nhello\ntext\nhello\n");
}

TEST(TextSource, BrokenGzipIsNamed) {
  for (std::size_t n = 0; n < kPacked.size(); ++n)
    EXPECT_THAT(error_of(kPacked.substr(0, n)), HasSubstr("f.gz: ")) << n;
  for (std::size_t i = 10; i < 19; ++i) {
    std::string flipped = kPacked;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x55);
    EXPECT_THAT(error_of(flipped), HasSubstr("f.gz: ")) << i;
  }
  EXPECT_THAT(error_of("plain text, not packed"), HasSubstr("not whole gzip data"));
  EXPECT_THAT(error_of(kPacked, 5), HasSubstr("unpacks to more than 5 bytes"));
}

TEST(TextSource, AFormatIsTheEndingBeforeGz) {
  EXPECT_EQ(data_format("a/b.CSV"), "csv");
  EXPECT_EQ(data_format("b.jsonl.gz"), "jsonl");
  EXPECT_EQ(data_format("b"), "");
}

TEST(TextSource, PackedFilesAreReadAsWhatTheyHold) {
  const auto file = std::filesystem::temp_directory_path() / ("linnet_packed_" + std::to_string(getpid()) + ".csv.gz");
  write_file(file, kPacked);
  const Dataset data = read_dataset(file);
  std::filesystem::remove(file);
  EXPECT_EQ(data.examples.at(0).text, "hello");
}

TEST(TextSource, APipeIsReadToItsEnd) {
  const Scratch scratch;
  ASSERT_EQ(mkfifo((scratch / "pipe").c_str(), 0600), 0);
  std::jthread writer([&] { std::ofstream(scratch / "pipe") << "one\ntwo\n"; });
  EXPECT_EQ(read_data_text(scratch / "pipe"), "one\ntwo\n");
}

TEST(TextSource, APipesRowsAreTextsOrJsonLines) {
  const Scratch scratch;
  ASSERT_EQ(mkfifo((scratch / "pipe").c_str(), 0600), 0);
  for (const char* rows : {"one\ntwo\n", "{\"text\":\"one\"}\n{\"text\":\"two\"}\n"}) {
    std::jthread writer([&] { std::ofstream(scratch / "pipe") << rows; });
    const Dataset data = read_dataset(scratch / "pipe");
    ASSERT_EQ(data.examples.size(), 2U);
    EXPECT_EQ(data.examples[1].text, "two");
  }
}

TEST(TextSource, LinesEndWithOrWithoutCarriageReturn) {
  LineReader lines("a\r\nb\n\nc");
  std::vector<std::string> found;
  for (std::string_view line; lines.next(line);) found.emplace_back(line);
  EXPECT_THAT(found, testing::ElementsAre("a", "b", "", "c"));
  EXPECT_EQ(lines.line(), 4);
}

}  // namespace
}  // namespace linnet
