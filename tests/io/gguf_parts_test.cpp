#include <gmock/gmock.h>

#include "linnet/io/checkpoint.h"
#include "linnet/io/gguf.h"
#include "tests/io/gguf_builder.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

using testing::HasSubstr;
constexpr std::uint32_t kU16 = 2, kI32 = 5, kString = 8;

struct Part {
  std::vector<std::string> tensors;
  std::int32_t number = 0, count = 2, all = 3;
};

// A file with the number of its part, with one value per tensor: 1, 2, …
std::string bytes_of(const Part& part, float first) {
  GgufBuilder b;
  if (part.number == 0) b.entry("general.architecture", kString, gguf_text("llama"));
  b.entry("split.no", kU16, raw(static_cast<std::uint16_t>(part.number)));
  b.entry("split.count", kU16, raw(static_cast<std::uint16_t>(part.count)));
  b.entry("split.tensors.count", kI32, raw(part.all));
  for (const std::string& name : part.tensors) {
    b.tensor(name, {1}, 0, b.data.size());
    b.data += raw(first++);
    b.data.resize((b.data.size() + 31) / 32 * 32, '\0');
  }
  return b.build();
}

class GgufParts : public testing::Test {
 protected:
  void put_both(const Part& one, const Part& two) const {
    put(scratch_ / "m-00001-of-00002.gguf", bytes_of(one, 1));
    put(scratch_ / "m-00002-of-00002.gguf", bytes_of(two, 11));
  }
  std::string refused(const char* name = "m-00001-of-00002.gguf") const {
    return refusal([&] { GgufFile::open(scratch_ / name); });
  }
  Scratch scratch_;
};

// A GGUF in several files.
TEST_F(GgufParts, AllAreRead) {
  put_both({{"a", "b"}}, {{"c"}, 1});
  const auto file = GgufFile::open(scratch_ / "m-00001-of-00002.gguf");
  ASSERT_EQ(file->tensors().size(), 3u);
  EXPECT_EQ(file->architecture(), "llama");
  EXPECT_EQ(file->read("b").data<float>()[0], 2);
  EXPECT_EQ(file->read("c").data<float>()[0], 11);
  const auto checkpoint = CheckpointReader::open(scratch_ / "m-00001-of-00002.gguf");
  EXPECT_EQ(checkpoint->info("c").shape, Shape{1});
  EXPECT_EQ(checkpoint->read("c").data<float>()[0], 11);
}

// Only metadata in the first file.
TEST_F(GgufParts, TheFirstMayHoldNoTensor) {
  put_both({{}}, {{"a", "b", "c"}, 1});
  EXPECT_EQ(GgufFile::open(scratch_ / "m-00001-of-00002.gguf")->read("c").data<float>()[0], 13);
}

TEST_F(GgufParts, WhatIsWrongIsSaid) {
  put_both({{"a", "b"}}, {{"c"}, 1});
  EXPECT_THAT(refused("m-00002-of-00002.gguf"),
              HasSubstr("is part 2 of 2 files; give the first, m-00001-of-00002.gguf"));
  std::filesystem::copy(scratch_ / "m-00001-of-00002.gguf", scratch_ / "other.gguf");
  EXPECT_THAT(refused("other.gguf"), HasSubstr("its name must end in '-00001-of-00002.gguf'"));
  std::filesystem::remove(scratch_ / "m-00002-of-00002.gguf");
  EXPECT_THAT(refused(), HasSubstr("m-00002-of-00002.gguf is missing"));
  put_both({{"a", "b"}}, {{"c"}, 0});
  EXPECT_THAT(refused(), HasSubstr("does not say that it is part 2 of 2"));
  put_both({{"a", "b"}}, {{"b"}, 1});
  EXPECT_THAT(refused(), HasSubstr("'b' stands twice"));
  put_both({{"a", "b"}}, {{}, 1});
  EXPECT_THAT(refused(), HasSubstr("should have 3 tensors and have 2"));
  put_both({{"a"}, 0, 0}, {{"b"}, 1});
  EXPECT_THAT(refused(), HasSubstr("part 1 of 0"));
}

}  // namespace
}  // namespace linnet
