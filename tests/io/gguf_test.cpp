#include "linnet/io/gguf.h"

#include <gmock/gmock.h>

#include "linnet/io/checkpoint.h"
#include "tests/growth.h"
#include "tests/io/gguf_builder.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string refused(const GgufBuilder& builder) {
  const std::string bytes = builder.build();
  return refusal([&] { GgufFile::parse(as_bytes(bytes), "f"); });
}

TEST(Gguf, ReadsMetadataOfEveryType) {
  GgufBuilder b;
  b.entry("u8", 0, raw<std::uint8_t>(200));
  b.entry("i8", 1, raw<std::int8_t>(-5));
  b.entry("i32", 5, raw<std::int32_t>(-7));
  b.entry("f32", 6, raw(1.5f));
  b.entry("flag", 7, raw<std::uint8_t>(1));
  b.entry("text", 8, gguf_text("hello"));
  b.entry("texts", 9, raw<std::uint32_t>(8) + raw<std::uint64_t>(2) + gguf_text("a") + gguf_text(""));
  b.entry("ints", 9, raw<std::uint32_t>(3) + raw<std::uint64_t>(2) + raw<std::int16_t>(-1) + raw<std::int16_t>(2));
  b.entry("u64", 10, raw<std::uint64_t>(1ull << 63));
  b.entry("f64", 12, raw(0.25));
  const std::string bytes = b.build();
  const auto file = GgufFile::parse(as_bytes(bytes), "f");
  EXPECT_EQ(file->integer("u8"), 200);
  EXPECT_EQ(file->integer("i8"), -5);
  EXPECT_EQ(file->integer("i32"), -7);
  EXPECT_EQ(file->number("f32"), 1.5);
  EXPECT_EQ(file->number("i32"), -7.0);
  EXPECT_EQ(file->boolean("flag"), true);
  EXPECT_EQ(file->string("text"), "hello");
  EXPECT_THAT(*file->strings("texts"), ElementsAre("a", ""));
  EXPECT_THAT(*file->integers("ints"), ElementsAre(-1, 2));
  EXPECT_THAT(*file->numbers("ints"), ElementsAre(-1.0, 2.0));
  EXPECT_EQ(file->number("f64"), 0.25);
  EXPECT_FALSE(file->integer("absent"));
  EXPECT_THAT(refusal([&] { file->integer("u64"); }), HasSubstr("too large"));
  EXPECT_THAT(refusal([&] { file->integer("text"); }), HasSubstr("'text' is string, not an integer"));
  EXPECT_THAT(refusal([&] { file->strings("ints"); }), HasSubstr("an array of i16, not an array of strings"));
  EXPECT_THAT(refusal([&] { file->architecture(); }), HasSubstr("general.architecture"));
}

TEST(Gguf, ReadsTensorsInRowOrder) {
  GgufBuilder b;
  b.tensor("w", {3, 2}, 0, 0);
  b.tensor("q", {32, 1}, 8, 32);
  for (float v : {1.f, 2.f, 3.f, 4.f, 5.f, 6.f}) b.data += raw(v);
  b.data.resize(32);
  b.data.resize(32 + 34, '\1');
  Scratch folder;
  put(folder / "m.gguf", b.build());
  const auto checkpoint = CheckpointReader::open(folder / "m.gguf");
  EXPECT_THAT(checkpoint->names(), ElementsAre("w", "q"));
  EXPECT_EQ(checkpoint->info("w").shape, (Shape{2, 3}));
  EXPECT_THAT(checkpoint->read("w").data<float>(), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(checkpoint->read("q").dtype(), DType::kQ8_0);
  EXPECT_EQ(checkpoint->read("q").shape(), (Shape{1, 32}));
}

TEST(Gguf, RefusesTypesByName) {
  GgufBuilder b;
  b.tensor("w", {256}, 10, 0);
  EXPECT_THAT(refused(b), HasSubstr("type Q2_K, which is not supported"));
  GgufBuilder unknown;
  unknown.tensor("w", {256}, 4242, 0);
  EXPECT_THAT(refused(unknown), HasSubstr("4242"));
}

TEST(Gguf, RefusesBrokenTables) {
  GgufBuilder twice;
  twice.entry("a", 7, "\1");
  twice.entry("a", 7, "\1");
  EXPECT_THAT(refused(twice), HasSubstr("key 'a' stands twice"));
  GgufBuilder partial;
  partial.tensor("w", {33}, 8, 0);
  partial.data.resize(68);
  EXPECT_THAT(refused(partial), HasSubstr("do not fill Q8_0 blocks"));
  GgufBuilder overlap;
  overlap.tensor("a", {16}, 0, 0);
  overlap.tensor("b", {16}, 0, 32);
  overlap.data.resize(96);
  EXPECT_THAT(refused(overlap), HasSubstr("overlap"));
  GgufBuilder old;
  old.version = 1;
  EXPECT_THAT(refused(old), HasSubstr("version 1"));
}

TEST(Gguf, RankAndAlignmentLimits) {
  for (const std::size_t rank : {1u, 4u}) {
    GgufBuilder b;
    b.tensor("w", std::vector<std::uint64_t>(rank, 1), 0, 0);
    b.data.resize(4);
    const std::string bytes = b.build();
    EXPECT_NO_THROW(GgufFile::parse(as_bytes(bytes), "f"));
  }
  for (const std::size_t rank : {0u, 5u}) {
    GgufBuilder b;
    b.tensor("w", std::vector<std::uint64_t>(rank, 1), 0, 0);
    EXPECT_THAT(refused(b), HasSubstr("dimensions"));
  }
  for (const std::uint32_t alignment : {1u, 65536u}) {
    GgufBuilder b;
    b.entry("general.alignment", 4, raw(alignment));
    const std::string bytes = b.build();
    EXPECT_EQ(GgufFile::parse(as_bytes(bytes), "f")->alignment(), alignment);
  }
  for (const std::uint32_t alignment : {0u, 24u, 131072u}) {
    GgufBuilder b;
    b.entry("general.alignment", 4, raw(alignment));
    EXPECT_THAT(refused(b), HasSubstr("general.alignment"));
  }
}

TEST(Gguf, EveryCutIsRefused) {
  GgufBuilder b;
  b.entry("a.text", 8, gguf_text("value"));
  b.entry("a.list", 9, raw<std::uint32_t>(4) + raw<std::uint64_t>(3) + std::string(12, '\2'));
  b.tensor("w", {4}, 0, 0);
  b.data.resize(16);
  const std::string whole = b.build();
  EXPECT_NO_THROW(GgufFile::parse(as_bytes(whole), "f"));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::string cut = whole.substr(0, length);
    EXPECT_THROW(GgufFile::parse(as_bytes(cut), "f"), Error) << length;
  }
}

TEST(Gguf, ReadsRealVocabularies) {
  const auto path = shared_data("llama-cpp-vocab/ggml-vocab-gpt-2.gguf");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "shared data is not here";
  const auto file = GgufFile::open(path);
  EXPECT_EQ(file->architecture(), "gpt2");
  EXPECT_EQ(file->strings("tokenizer.ggml.tokens")->size(), 50257u);
  EXPECT_EQ(file->integers("tokenizer.ggml.token_type")->size(), 50257u);
}

TEST(Gguf, TimeAndMemoryGrowWithTheFile) {
  const auto of_tensors = [](std::size_t n) {
    GgufBuilder b;
    for (std::size_t i = 0; i < n; ++i) {
      if (i < 8'000) b.entry(fmt::format("general.key{}", i), 4, raw(std::uint32_t{1}));
      b.tensor(fmt::format("blk.{}.attn_q.weight", i), {0}, 0, 0);
    }
    return b.build();
  };
  test::expect_linear(8'000, of_tensors, [](const std::string& file) { GgufFile::parse(as_bytes(file), "f"); });
}

TEST(Gguf, TimeAndMemoryGrowWithItsTexts) {
  const auto of_texts = [](std::size_t n) {
    std::string list = raw(std::uint32_t{8}) + raw(static_cast<std::uint64_t>(n));
    for (std::size_t i = 0; i < n; ++i) list += gguf_text(fmt::format("piece {}", i));
    GgufBuilder b;
    b.entry("tokenizer.ggml.tokens", 9, list);
    return b.build();
  };
  test::expect_linear(150'000, of_texts, [](const std::string& file) {
    GgufFile::parse(as_bytes(file), "f")->strings("tokenizer.ggml.tokens");
  });
}

// A metadata number that is not finite.
TEST(Gguf, NumbersAreFinite) {
  GgufBuilder b;
  b.entry("llama.attention.layer_norm_rms_epsilon", 6, raw(std::numeric_limits<float>::quiet_NaN()));
  b.entry("llama.rope.freq_base", 12, raw(std::numeric_limits<double>::infinity()));
  const std::string bytes = b.build();
  const auto file = GgufFile::parse(as_bytes(bytes), "f");
  EXPECT_THAT(refusal([&] { file->number("llama.attention.layer_norm_rms_epsilon"); }),
              HasSubstr("f: 'llama.attention.layer_norm_rms_epsilon' is nan, not a finite number"));
  EXPECT_THAT(refusal([&] { file->number("llama.rope.freq_base"); }), HasSubstr("is inf"));
}

// Dimensions next to a 0 are limited like others.
TEST(Gguf, DimensionsBesideAZeroAreBounded) {
  GgufBuilder b;
  b.tensor("w", {std::uint64_t{1} << 40, 0}, 0, 0);
  const std::string bytes = b.build();
  EXPECT_THAT(refusal([&] { GgufFile::parse(as_bytes(bytes), "f"); }), HasSubstr("'w' has the shape"));
}

}  // namespace
}  // namespace linnet
