#include "linnet/nn/packed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "linnet/base/error.h"

namespace linnet::nn {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Packed, RowsStandOneAfterAnother) {
  const Packed batch = pack({{7, 8, 9}, {}, {4, 5}});
  EXPECT_THAT(batch.ids, ElementsAre(7, 8, 9, 4, 5));
  EXPECT_THAT(batch.positions, ElementsAre(0, 1, 2, 0, 1));
  EXPECT_THAT(batch.starts, ElementsAre(0, 3, 3, 5));
  EXPECT_THAT(batch.type_ids, IsEmpty());
  EXPECT_EQ(batch.rows(), 5);
  EXPECT_EQ(batch.sequences(), 3);
  EXPECT_EQ(batch.length(1), 0);
  EXPECT_EQ(batch.length(2), 2);
}

TEST(Packed, PositionsGoOnBehindACache) {
  Packed batch;
  batch.add(std::vector<std::int32_t>{1, 2}, {}, 70);
  EXPECT_THAT(batch.positions, ElementsAre(70, 71));
}

TEST(Packed, TypesOfSomeSequencesAreZeroForTheOthers) {
  Packed batch;
  batch.add(std::vector<std::int32_t>{1, 2});
  batch.add(std::vector<std::int32_t>{3, 4}, std::vector<std::int32_t>{0, 1});
  batch.add(std::vector<std::int32_t>{5});
  EXPECT_THAT(batch.type_ids, ElementsAre(0, 0, 0, 1, 0));
  EXPECT_THROW(batch.add(std::vector<std::int32_t>{1, 2}, std::vector<std::int32_t>{0}), Error);
}

// Padding on either side or in the middle gives the same batch: positions count unmasked tokens only.
TEST(Packed, MaskedRowsAreLeftOutWhereverTheyStand) {
  const Packed bare = pack({{0, 8, 9}, {4}});
  for (const PaddedBatch& padded :
       {PaddedBatch{{{0, 8, 9}, {4, 0, 0}}, {{1, 1, 1}, {1, 0, 0}}, {}},
        PaddedBatch{{{0, 8, 9}, {0, 0, 4}}, {{1, 1, 1}, {0, 0, 1}}, {}},
        PaddedBatch{{{0, 66, 8, 9, 66}, {66, 66, 4, 66, 66}}, {{1, 0, 1, 1, 0}, {0, 0, 1, 0, 0}}, {}}}) {
    const Packed batch = pack(padded);
    EXPECT_EQ(batch.ids, bare.ids);
    EXPECT_EQ(batch.positions, bare.positions);
    EXPECT_EQ(batch.starts, bare.starts);
  }
}

TEST(Packed, TypesMoveWithTheirRows) {
  const Packed batch = pack(PaddedBatch{{{9, 1, 2}, {3, 4, 9}}, {{0, 1, 1}, {1, 1, 0}}, {{5, 0, 1}, {1, 0, 5}}});
  EXPECT_THAT(batch.type_ids, ElementsAre(0, 1, 1, 0));
}

TEST(Packed, WithoutAMaskEveryRowCounts) { EXPECT_THAT(pack(PaddedBatch{{{0, 0}}, {}, {}}).ids, ElementsAre(0, 0)); }

TEST(Packed, BatchesAreSortedByLengthAndSplitEvenly) {
  const auto batches = [](std::vector<std::int64_t> lengths, std::int64_t most) { return even_batches(lengths, most); };
  EXPECT_THAT(batches({}, 10), IsEmpty());
  EXPECT_THAT(batches({3, 1, 2}, 10), ElementsAre(ElementsAre(1, 2, 0)));
  EXPECT_THAT(batches({3, 3, 3, 3}, 10), ElementsAre(ElementsAre(0, 1), ElementsAre(2, 3))) << "not 9 and 3";
  EXPECT_THAT(batches({1, 30, 2}, 10), ElementsAre(ElementsAre(0, 2), ElementsAre(1))) << "a long one goes alone";
  EXPECT_THAT(batches({5, 4}, 1), ElementsAre(ElementsAre(1), ElementsAre(0)));
  EXPECT_THAT(batches({0, 0}, 10).size(), 2) << "nothing to compute: any batches will do";
}

// Each sequence is in one batch, which has at most `most` rows unless it is a single sequence.
TEST(Packed, EveryLengthIsInOneBatchThatIsNotTooLarge) {
  for (const std::int64_t most : {1, 7, 100})
    for (const std::int64_t count : {1, 7, 100}) {
      std::vector<std::int64_t> lengths;
      for (std::int64_t i = 0; i < count; ++i) lengths.push_back((i * 37 + 11) % 23);
      std::vector<std::size_t> seen;
      for (const auto& batch : even_batches(lengths, most)) {
        std::int64_t rows = 0;
        for (const std::size_t i : batch) rows += lengths[i];
        EXPECT_TRUE(rows <= most || batch.size() == 1 || lengths[batch.front()] == 0);
        seen.insert(seen.end(), batch.begin(), batch.end());
      }
      EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), lengths.size());
      EXPECT_EQ(seen.size(), lengths.size());
    }
}

TEST(Packed, UnevenMasksAndTypesAreRefused) {
  EXPECT_THROW(pack(PaddedBatch{{{1, 2}}, {{1}}, {}}), Error);
  EXPECT_THROW(pack(PaddedBatch{{{1, 2}, {3, 4}}, {{1, 1}}, {}}), Error);
  EXPECT_THROW(pack(PaddedBatch{{{1, 2}}, {}, {{0}}}), Error);
  EXPECT_THROW(pack(PaddedBatch{{{1, 2}}, {}, {{0, 0}, {0, 0}}}), Error);
}

}  // namespace
}  // namespace linnet::nn
