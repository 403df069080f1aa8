#include "linnet/nn/packed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

// R83: padding on either side, and in the middle, leaves the same batch; only the mask counts, not the id.
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

TEST(Packed, RowsAreSharedEvenlyAmongTheFewestBatches) {
  for (const std::int64_t most : {1, 7, 100})
    for (const std::int64_t rows : {0, 1, 7, 8, 99, 100, 101, 199, 1000}) {
      const std::int64_t share = even_share(rows, most);
      EXPECT_LE(share, most);
      const std::int64_t fewest = (rows + most - 1) / most;
      EXPECT_GE(share * fewest, rows);
      EXPECT_LT(share * fewest - rows, std::max<std::int64_t>(1, fewest));
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
