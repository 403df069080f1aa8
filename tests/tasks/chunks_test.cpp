#include "linnet/tasks/chunks.h"

#include <gmock/gmock.h>

#include <numeric>

#include "linnet/base/error.h"

namespace linnet::tasks {
namespace {

using ::testing::ElementsAre;
using What = TemplatePiece::What;

const Frame kOne{{{What::kToken, 101, 0}, {What::kFirst, -1, 0}, {What::kToken, 102, 0}}};
const Frame kPair{{{What::kToken, 101, 0},
                   {What::kFirst, -1, 0},
                   {What::kToken, 102, 0},
                   {What::kSecond, -1, 1},
                   {What::kToken, 102, 1}}};

std::vector<std::int32_t> numbers(std::int32_t count) {
  std::vector<std::int32_t> ids(static_cast<std::size_t>(count));
  std::iota(ids.begin(), ids.end(), 0);
  return ids;
}

std::vector<std::vector<std::int32_t>> ids_of(const std::vector<Chunk>& chunks) {
  std::vector<std::vector<std::int32_t>> ids;
  for (const Chunk& chunk : chunks) ids.push_back(chunk.ids);
  return ids;
}

TEST(Chunks, AShortTextIsOne) {
  const auto ids = numbers(3);
  const auto chunks = chunks_of({.text = ids, .max_length = 5, .stride = 9}, kOne);
  ASSERT_EQ(chunks.size(), 1U);
  EXPECT_THAT(chunks[0].ids, ElementsAre(101, 0, 1, 2, 102));
  EXPECT_THAT(chunks[0].tokens, ElementsAre(-1, 0, 1, 2, -1));
  EXPECT_EQ(chunks_of({.text = ids}, kOne).size(), 1U);
}

// As `return_overflowing_tokens` with a stride: the last one may be short, and none is inside another.
TEST(Chunks, ShareTheStride) {
  const auto ids = numbers(8);
  EXPECT_THAT(
      ids_of(chunks_of({.text = ids, .max_length = 6, .stride = 1}, kOne)),
      ElementsAre(ElementsAre(101, 0, 1, 2, 3, 102), ElementsAre(101, 3, 4, 5, 6, 102), ElementsAre(101, 6, 7, 102)));
  EXPECT_THAT(ids_of(chunks_of({.text = ids, .max_length = 6}, kOne)),
              ElementsAre(ElementsAre(101, 0, 1, 2, 3, 102), ElementsAre(101, 4, 5, 6, 7, 102)));
}

TEST(Chunks, BeginAtTheEndIfTheLeftSideIsCut) {
  const auto ids = numbers(8);
  EXPECT_THAT(
      ids_of(chunks_of({.text = ids, .max_length = 6, .stride = 1, .side = Side::kLeft}, kOne)),
      ElementsAre(ElementsAre(101, 4, 5, 6, 7, 102), ElementsAre(101, 1, 2, 3, 4, 102), ElementsAre(101, 0, 1, 102)));
}

TEST(Chunks, OfAPairHaveTheOtherText) {
  const auto ids = numbers(4);
  const std::int32_t question[] = {50, 51};
  const auto second =
      chunks_of({.text = ids, .other = question, .text_is_first = false, .max_length = 7, .stride = 0}, kPair);
  ASSERT_EQ(second.size(), 2U);
  EXPECT_THAT(second[1].ids, ElementsAre(101, 50, 51, 102, 2, 3, 102));
  EXPECT_THAT(second[1].type_ids, ElementsAre(0, 0, 0, 0, 1, 1, 1));
  EXPECT_THAT(second[1].tokens, ElementsAre(-1, -1, -1, -1, 2, 3, -1));
  const auto first = chunks_of({.text = ids, .other = question, .max_length = 9}, kPair);
  ASSERT_EQ(first.size(), 1U);
  EXPECT_THAT(first[0].ids, ElementsAre(101, 0, 1, 2, 3, 102, 50, 51, 102));
}

TEST(Chunks, NeedRoom) {
  const auto ids = numbers(8);
  for (const ChunkOptions& options :
       {ChunkOptions{.text = ids, .max_length = 2}, ChunkOptions{.text = ids, .max_length = 6, .stride = 4}})
    try {
      chunks_of(options, kOne);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInvalidArgument);
    }
}

TEST(Chunks, OffsetsInCharacters) {
  const std::string text = "aé海🎉b";
  const CharacterOffsets characters(text);
  EXPECT_EQ(characters(0), 0);
  EXPECT_EQ(characters(1), 1);
  EXPECT_EQ(characters(3), 2);
  EXPECT_EQ(characters(6), 3);
  EXPECT_EQ(characters(10), 4);
  EXPECT_EQ(characters(11), 5);
}

}  // namespace
}  // namespace linnet::tasks
