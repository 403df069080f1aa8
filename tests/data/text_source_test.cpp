#include "linnet/data/text_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

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

std::string unpacked(const std::string& packed, std::size_t most = 100) {
  return read_rest(*unpack(bytes_of(packed), "f.gz"), "f.gz", most);
}

std::string unpack_error(const std::string& packed, std::size_t most = 100) {
  try {
    return "unpacked: " + unpacked(packed, most);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    return error.what();
  }
}

TEST(TextSource, UnpacksGzip) {
  EXPECT_EQ(unpacked(kPacked), "text\nhello\n");
  EXPECT_EQ(unpacked(kPacked + kPacked), "text\nhello\ntext\nhello\n");
}

TEST(TextSource, BrokenGzipIsNamed) {
  for (std::size_t n = 0; n < kPacked.size(); ++n)
    EXPECT_THAT(unpack_error(kPacked.substr(0, n)), HasSubstr("f.gz: ")) << n;
  for (std::size_t i = 10; i < 19; ++i) {
    std::string flipped = kPacked;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x55);
    EXPECT_THAT(unpack_error(flipped), HasSubstr("f.gz: ")) << i;
  }
  EXPECT_THAT(unpack_error("plain text, not packed"), HasSubstr("not whole gzip data"));
  EXPECT_THAT(unpack_error(kPacked, 5), HasSubstr("holds more than 5 bytes"));
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
  EXPECT_EQ(data.examples[0].text, "hello");
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

std::vector<std::string> lines_of(const std::string& text) {
  LineSource lines(bytes_of(text), "f");
  std::vector<std::string> found;
  for (std::string_view line; lines.next(line);) found.emplace_back(line);
  return found;
}

// Files whose lines end in \r alone; a \r within a line of an ordinary file is not a line end.
TEST(TextSource, LinesMayEndInCarriageReturnsAlone) {
  using testing::ElementsAre;
  EXPECT_THAT(lines_of("a\rb\r\rc"), ElementsAre("a", "b", "", "c"));
  EXPECT_THAT(lines_of("a\rb\r"), ElementsAre("a", "b"));
  EXPECT_THAT(lines_of("a\rb\nc\r\n"), ElementsAre("a\rb", "c"));
  EXPECT_THAT(lines_of("\xEF\xBB\xBFone"), ElementsAre("one"));
  EXPECT_TRUE(lines_of("").empty());
}

// The cost of a line is limited before it is read.
TEST(TextSource, ALineHasALimit) {
  const std::string ok(kMaxRowBytes, 'x');
  EXPECT_EQ(lines_of("a\n" + ok + "\nb\n").size(), 3u);
  try {
    lines_of("a\n" + ok + "xx\nb\n");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("f:2: the line is longer than 16777216 bytes"));
  }
}

// A first line without an end, like a sparse file of 40 GB, is rejected after the maximum size of a line.
TEST(TextSource, AFirstLineWithoutAnEndHasTheLimit) {
  class Endless : public ByteSource {
   public:
    explicit Endless(std::size_t& given) : given_(given) {}
    std::size_t read(char* to, std::size_t most) override {
      std::fill_n(to, most, '\0');
      given_ += most;
      return most;
    }

   private:
    std::size_t& given_;
  };
  std::size_t given = 0;
  LineSource lines(std::make_unique<Endless>(given), "f");
  std::string_view line;
  EXPECT_THROW(lines.next(line), Error);
  EXPECT_LE(given, 4 * kMaxRowBytes);
}

// A small file that decompresses to gigabytes is rejected during decompression.
TEST(TextSource, ABombIsRefused) {
  std::string bomb;
  {
    z_stream stream{};
    ASSERT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
    const std::string zeros(1 << 20, '\n');
    std::string out(1 << 20, '\0');
    for (int i = 0; i < 100; ++i) {
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(zeros.data()));
      stream.avail_in = zeros.size();
      stream.next_out = reinterpret_cast<Bytef*>(out.data());
      stream.avail_out = out.size();
      deflate(&stream, i == 99 ? Z_FINISH : Z_NO_FLUSH);
      bomb.append(out, 0, out.size() - stream.avail_out);
    }
    deflateEnd(&stream);
  }
  EXPECT_THAT(unpack_error(bomb, std::size_t{1} << 30), HasSubstr("unpacks to more than 200 times its size"));
}

}  // namespace
}  // namespace linnet
