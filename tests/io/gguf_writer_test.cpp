#include "linnet/io/gguf_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "linnet/base/file.h"
#include "tests/io/gguf_builder.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

using ::testing::ElementsAre;

TEST(GgufWriter, WritesTheBytesOfTheFormat) {
  Scratch scratch;
  GgufWriter out(scratch / "a.gguf");
  out.set("k.a", std::uint32_t{7});
  out.set("k.b", "text");
  const Tensor values = Tensor::from(std::vector<float>{1, 2, 3, 4, 5, 6}, {2, 3});
  out.add("t", DType::kF32, {2, 3}, [&] { return values; });
  out.finish();

  GgufBuilder wanted;
  wanted.entry("k.a", 4, raw<std::uint32_t>(7));
  wanted.entry("k.b", 8, gguf_text("text"));
  wanted.tensor("t", {3, 2}, 0, 0);
  wanted.data = std::string(reinterpret_cast<const char*>(values.raw()), values.bytes()) + std::string(8, '\0');
  EXPECT_EQ(read_file(scratch / "a.gguf"), wanted.build());
}

TEST(GgufWriter, IsReadBackAsItWasGiven) {
  Scratch scratch;
  GgufWriter out(scratch / "a.gguf");
  out.set("f", 0.25f);
  out.set("yes", true);
  out.set("ids", std::span<const std::int32_t>(std::vector<std::int32_t>{-1, 5}));
  out.set("scores", std::span<const float>(std::vector<float>{1.5f}));
  out.set("words", std::span<const std::string>(std::vector<std::string>{"", "b c"}));
  out.set_bytes("map", std::string_view("\0\xff", 2));
  const Tensor q = Tensor::zeros({3, 64}, DType::kQ8_0), one = Tensor::from(std::vector<float>{9}, {1});
  out.add("one", DType::kF32, {1}, [&] { return one; });
  out.add("q", DType::kQ8_0, {3, 64}, [&] { return q; });
  std::vector<std::size_t> steps;
  out.finish([&](std::size_t done, std::size_t all) {
    steps.push_back(done);
    EXPECT_EQ(all, 32 + q.bytes());
  });
  EXPECT_THAT(steps, ElementsAre(4, 32 + q.bytes()));

  const auto file = GgufFile::open(scratch / "a.gguf");
  EXPECT_EQ(file->version(), 3U);
  EXPECT_EQ(file->number("f"), 0.25);
  EXPECT_EQ(file->boolean("yes"), true);
  EXPECT_THAT(*file->integers("ids"), ElementsAre(-1, 5));
  EXPECT_THAT(*file->numbers("scores"), ElementsAre(1.5));
  EXPECT_THAT(*file->strings("words"), ElementsAre("", "b c"));
  EXPECT_THAT(*file->integers("map"), ElementsAre(0, 255));
  EXPECT_EQ(file->read("one").data<float>()[0], 9);
  EXPECT_EQ(file->find_tensor("q")->shape, (Shape{3, 64}));
  EXPECT_EQ(file->find_tensor("q")->dtype, DType::kQ8_0);
}

TEST(GgufWriter, CopiesEntriesOfAnotherFile) {
  Scratch scratch;
  GgufBuilder source;
  source.entry("a", 1, raw<std::int8_t>(-3));
  source.entry("b", 9, raw<std::uint32_t>(8) + raw<std::uint64_t>(2) + gguf_text("x") + gguf_text("yz"));
  source.entry("c", 12, raw(2.5));
  const std::string bytes = source.build();
  const auto file = GgufFile::parse(as_bytes(bytes), "source");
  GgufWriter out(scratch / "a.gguf");
  for (const GgufEntry& entry : file->entries()) out.copy(*file, entry);
  out.finish();
  const std::string copied = read_file(scratch / "a.gguf");
  EXPECT_EQ(copied.substr(0, bytes.size()), bytes);
}

TEST(GgufWriter, LeavesTheOldFileWhenATensorFails) {
  Scratch scratch;
  put(scratch / "a.gguf", "old");
  GgufWriter out(scratch / "a.gguf");
  out.add("t", DType::kF32, {2}, [] { return Tensor::zeros({3}); });
  EXPECT_THROW(out.finish(), Error);
  EXPECT_EQ(read_file(scratch / "a.gguf"), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(scratch.path()), {}), 1);
}

TEST(GgufWriter, RefusesWhatNoReaderWouldTake) {
  GgufWriter out("never.gguf");
  const auto none = [] { return Tensor(); };
  out.set("k", true);
  EXPECT_THROW(out.set("k", false), Error);
  EXPECT_THROW(out.add(std::string(64, 'n'), DType::kF32, {1}, none), Error);
  EXPECT_THROW(out.add("q", DType::kQ8_0, {2, 33}, none), Error);
  out.add("t", DType::kF32, {1}, none);
  EXPECT_THROW(out.add("t", DType::kF32, {1}, none), Error);
  EXPECT_THROW(gguf_type_number(DType::kBool), Error);
}

}  // namespace
}  // namespace linnet
