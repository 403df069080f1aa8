#include <gmock/gmock.h>

#include "linnet/tokenizer/tokenizer.h"
#include "linnet/tokenizer/tokenizer_data.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Protocol buffers, encoded manually.
std::string varint(std::uint64_t v) {
  std::string bytes;
  for (; v >= 0x80; v >>= 7) bytes += static_cast<char>(v | 0x80);
  return bytes + static_cast<char>(v);
}
std::string field(int number, std::uint64_t value) {
  return varint(static_cast<std::uint64_t>(number) << 3) + varint(value);
}
std::string field(int number, const std::string& bytes) {
  return varint(static_cast<std::uint64_t>(number) << 3 | 2) + varint(bytes.size()) + bytes;
}
std::string score(float value) {
  std::string bytes = varint(2 << 3 | 5);
  bytes.append(reinterpret_cast<const char*>(&value), 4);
  return bytes;
}
std::string piece(const std::string& text, float s, int kind = 1) {
  return field(1, field(1, text) + score(s) + field(3, static_cast<std::uint64_t>(kind)));
}

std::string some_model(int type = 1, const std::string& normalizer = "") {
  return piece("<unk>", 0, 2) + piece("<s>", 0, 3) + piece("</s>", 0, 3) + piece("▁a", -1) + piece("b", -2) +
         piece("▁", -3) + piece("a", -3) + piece("[U]", 0, 4) + field(2, field(3, static_cast<std::uint64_t>(type))) +
         field(3, normalizer);
}

Tokenizer load(const std::string& bytes) {
  Scratch scratch;
  put(scratch / "tokenizer.model", bytes);
  return Tokenizer::from_file(scratch / "tokenizer.model");
}
std::string refused_model(const std::string& bytes) {
  return refusal([&] { parse_sentencepiece_model(bytes, "m.model"); });
}

TEST(SentencePieceModel, IsReadForBothAlgorithms) {
  for (const int type : {1, 2}) {
    const Tokenizer t = load(some_model(type));
    EXPECT_THAT(t.encode_ids("ab  a"), ElementsAre(3, 4, 3)) << type;
    EXPECT_THAT(t.encode_ids("a[U]b"), ElementsAre(3, 7, 4)) << type;
    EXPECT_THAT(t.encode_ids("x"), ElementsAre(5, 0)) << type;
    EXPECT_EQ(t.decode(std::vector<std::int32_t>{3, 4, 3}), "ab a");
    EXPECT_EQ(t.decode(std::vector<std::int32_t>{3, 0}), "a ⁇ ");
    EXPECT_EQ(t.bos_id(), 1);
    EXPECT_EQ(t.eos_id(), 2);
    EXPECT_EQ(t.unk_id(), 0);
    EXPECT_EQ(t.pad_id(), std::nullopt);
  }
}

TEST(SentencePieceModel, TheNormalizersFlagsAreObeyed) {
  EXPECT_THAT(load(some_model(1, field(3, std::uint64_t{0}))).encode_ids("a"), ElementsAre(6));  // no dummy prefix
  EXPECT_THAT(load(some_model(1, field(4, std::uint64_t{0}))).encode_ids(" a  a"),
              ElementsAre(5, 3, 5, 3));  // spaces are kept
}

TEST(SentencePieceModel, DamageIsNamed) {
  EXPECT_THAT(refused_model(""), HasSubstr("m.model: not a SentencePiece model: it has no pieces"));
  EXPECT_THAT(refused_model(some_model().substr(0, 33)), HasSubstr("m.model"));
  EXPECT_THAT(refused_model(piece("a", 0)), HasSubstr("no piece stands for unknown text"));
  EXPECT_THAT(refused_model(some_model() + piece("b", 0)), HasSubstr("piece 'b' is there twice"));
  EXPECT_THAT(refused_model(some_model() + piece("\xff", 0)), HasSubstr("is not UTF-8"));
  EXPECT_THAT(refused_model(some_model() + piece("z", NAN)), HasSubstr("has the score"));
  EXPECT_THAT(refused_model(some_model() + piece("z", 0, 9)), HasSubstr("unknown type 9"));
  EXPECT_THAT(refused_model(some_model() + piece("zz", 0, 6)), HasSubstr("not <0xNN>"));
  EXPECT_THAT(refused_model(some_model(3)), HasSubstr("model type 3 is not supported"));
  EXPECT_THAT(refused_model(some_model() + field(2, field(24, std::uint64_t{1}))),
              HasSubstr("treat_whitespace_as_suffix"));
}

// An empty piece, ids out of range, two unknown pieces.
TEST(SentencePieceModel, EveryFieldHasItsRange) {
  EXPECT_THAT(refused_model(some_model() + piece("", 0)), HasSubstr("piece 8 is empty"));
  EXPECT_THAT(refused_model(some_model() + field(2, field(40, std::uint64_t{8}))),
              HasSubstr("unk_id is 8, there are 8 pieces"));
  EXPECT_THAT(refused_model(some_model() + field(2, field(41, std::uint64_t{99}))), HasSubstr("bos_id is 99"));
  EXPECT_THAT(refused_model(some_model() + field(2, field(43, static_cast<std::uint64_t>(-2)))),
              HasSubstr("pad_id is -2"));
  EXPECT_EQ(load(some_model() + field(2, field(43, static_cast<std::uint64_t>(-1)))).pad_id(), std::nullopt);
  EXPECT_THAT(refused_model(some_model() + piece("<unk2>", 0, 2)),
              HasSubstr("pieces 0 and 8 both stand for unknown text"));
}

}  // namespace
}  // namespace linnet
