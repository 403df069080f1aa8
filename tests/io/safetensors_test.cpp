#include "linnet/io/safetensors.h"

#include <gmock/gmock.h>

#include "tests/growth.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

using testing::HasSubstr;

std::string file_of(std::string_view json, std::string_view data) {
  const std::uint64_t length = json.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes.append(json).append(data);
}

SafetensorsHeader parse(const std::string& bytes) { return parse_safetensors(as_bytes(bytes), "f"); }
std::string refused_header(std::string_view json, std::string_view data = "") {
  return refusal([&] { parse(file_of(json, data)); });
}

TEST(Safetensors, ReadsNamesTypesShapesAndRanges) {
  const auto header =
      parse(file_of(R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F16","shape":[2],"data_offsets":[4,8]},)"
                    R"("a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})",
                    "12345678"));
  ASSERT_EQ(header.tensors.size(), 2u);
  EXPECT_EQ(header.tensors[0].name, "a");
  EXPECT_EQ(header.tensors[0].info.shape, Shape{});
  EXPECT_EQ(header.tensors[1].info.dtype, DType::kF16);
  EXPECT_EQ(header.tensors[1].end - header.tensors[1].begin, 4u);
  EXPECT_EQ(header.metadata.at("format"), "pt");
}

TEST(Safetensors, BlanksAroundTheHeaderAreRead) { EXPECT_TRUE(parse(file_of("  {}   ", "")).tensors.empty()); }

TEST(Safetensors, RefusesWithTheFact) {
  EXPECT_THAT(refused_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", "1234"),
              HasSubstr("shape [2]"));
  EXPECT_THAT(refused_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}})", "12345"), HasSubstr("hole"));
  EXPECT_THAT(refused_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "12345"),
              HasSubstr("1 bytes after"));
  EXPECT_THAT(refused_header(R"({"a":{"dtype":"Q9","shape":[1],"data_offsets":[0,4]}})", "1234"), HasSubstr("'Q9'"));
  EXPECT_THAT(refused_header(R"({"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}})", "1"),
              HasSubstr("is 'F8_E4M3', a type that is not supported; save the weights as"));
  EXPECT_THAT(refused_header(R"({"a":{"dtype":"Q8_0","shape":[32],"data_offsets":[0,34]}})"), HasSubstr("'Q8_0'"));
  EXPECT_THAT(
      refused_header(
          R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
          "12"),
      HasSubstr("'a' stands twice"));
  EXPECT_THAT(refused_header(R"({"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}})", "1"),
              HasSubstr("twice"));
  EXPECT_THAT(refused_header(
                  R"({"a":{"dtype":"U8","shape":[0,9223372036854775807,9223372036854775807],"data_offsets":[0,0]}})"),
              HasSubstr("does not have"));
  EXPECT_THAT(refused_header("{"), HasSubstr("not JSON at its byte"));
  EXPECT_THAT(refused_header(std::string_view("{}\0", 3)), HasSubstr("NUL"));
  EXPECT_THAT(refused_header("[]"), HasSubstr("not a JSON object"));
}

TEST(Safetensors, RankLimitIsEight) {
  const auto with_rank = [](int rank) {
    std::string shape = "1";
    for (int i = 1; i < rank; ++i) shape += ",1";
    return file_of(R"({"a":{"dtype":"U8","shape":[)" + shape + R"(],"data_offsets":[0,1]}})", "x");
  };
  EXPECT_NO_THROW(parse(with_rank(7)));
  EXPECT_NO_THROW(parse(with_rank(8)));
  EXPECT_THAT(refusal([&] { parse(with_rank(9)); }), HasSubstr("8 dimensions"));
}

TEST(Safetensors, HeaderMayFillTheFileButNotMore) {
  std::string bytes = file_of("{}", "");
  EXPECT_NO_THROW(parse(bytes));
  bytes[0] = 3;
  EXPECT_THAT(refusal([&] { parse(bytes); }), HasSubstr("header of 3 bytes, 2 follow"));
  EXPECT_THAT(refusal([&] { parse(bytes.substr(0, 7)); }), HasSubstr("has 7 bytes"));
}

TEST(Safetensors, UnalignedValuesAreCopied) {
  Scratch folder;
  put(folder / "m.safetensors",
      file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} )", std::string("\0\0\x80\x3f", 4)));
  const Tensor a = CheckpointReader::open(folder / "m.safetensors")->read("a");
  EXPECT_FALSE(a.storage()->mapped());
  EXPECT_EQ(a.data<float>()[0], 1.0f);
}

TEST(Safetensors, TimeAndMemoryGrowWithTheHeader) {
  const auto of_tensors = [](std::size_t n) {
    std::string json = "{";
    for (std::size_t i = 0; i < n; ++i)
      json += fmt::format(R"({}"model.layers.{}.weight":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})",
                          i == 0 ? "" : ",", i);
    return file_of(json + "}", "");
  };
  test::expect_linear(8'000, of_tensors, [](const std::string& file) { parse(file); });  // larger than the caches
}

// A byte-order mark is not the beginning of a header.
TEST(Safetensors, AHeaderBeginsWithItsObject) {
  EXPECT_THAT(refused_header("\xEF\xBB\xBF{}"), HasSubstr("does not begin with '{'"));
  EXPECT_THAT(refused_header("\xEF\xBB\xBF  {}"), HasSubstr("does not begin with '{'"));
  EXPECT_THAT(refused_header("   "), HasSubstr("does not begin with '{'"));
}

// Dimensions next to a 0 are limited like others.
TEST(Safetensors, DimensionsBesideAZeroAreBounded) {
  EXPECT_THAT(refused_header(R"({"a":{"dtype":"F32","shape":[1099511627776,0],"data_offsets":[0,0]}})"),
              HasSubstr("does not have the 0 bytes"));
  EXPECT_THAT(refused_header(R"({"a":{"dtype":"U8","shape":[0,1099511627776],"data_offsets":[0,0]}})"),
              HasSubstr("does not have the 0 bytes"));
  EXPECT_NO_THROW(parse(file_of(R"({"a":{"dtype":"F32","shape":[0,768],"data_offsets":[0,0]}})", "")));
}

}  // namespace
}  // namespace linnet
