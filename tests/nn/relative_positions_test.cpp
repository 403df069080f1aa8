#include "linnet/nn/relative_positions.h"

#include <gmock/gmock.h>

#include "tests/nn/small.h"

namespace linnet::nn {
namespace {

using ::testing::ElementsAre;

TransformerConfig with_table(std::int64_t span, std::int64_t reach) {
  TransformerConfig c = small_config();
  c.relative_span = span;
  c.relative_reach = reach;
  return c;
}

std::vector<std::int64_t> buckets_of(std::int64_t span, std::int64_t reach,
                                     std::initializer_list<std::int64_t> distances) {
  const RelativePositions table(with_table(span, reach));
  std::vector<std::int64_t> found;
  for (const std::int64_t distance : distances) found.push_back(table.bucket(distance));
  return found;
}

// Values of transformers' make_log_bucket_position.
TEST(RelativePositions, BucketsAreExactThenLogarithmic) {
  EXPECT_THAT(buckets_of(8, 24, {0, 1, 3, 4, 5, 6, 8, 10, 15, 23, 24, 100}),
              ElementsAre(8, 7, 5, 4, 3, 3, 2, 2, 1, 1, 0, 0));
  EXPECT_THAT(buckets_of(8, 24, {-1, -4, -5, -8, -15, -23, -24, -100}), ElementsAre(9, 12, 13, 14, 15, 15, 15, 15));
  EXPECT_THAT(buckets_of(256, 512, {1, 127, 128, 129, 200, 255, 256, 300, 400, 511, 512, 5000, -1, -128, -129, -511}),
              ElementsAre(255, 129, 128, 127, 87, 64, 64, 49, 23, 1, 0, 0, 257, 384, 385, 511));
}

TEST(RelativePositions, WithoutLogarithmEveryDistanceHasARow) {
  EXPECT_THAT(buckets_of(7, 0, {0, 1, 6, 7, 8, -1, -6, -7, -8}), ElementsAre(7, 6, 1, 0, 0, 8, 13, 13, 13));
}

TEST(RelativePositions, ABatchHasTheRowsOfItsDistances) {
  TransformerConfig c = with_table(8, 24);
  c.relative_norm = true;
  RelativePositions table(c);
  fill(table);
  const RelativeRows near = table(3), far = table(200);
  EXPECT_EQ(near.reach, 2);
  EXPECT_THAT(near.buckets, ElementsAre(4, 3, 2, 1, 0));
  ASSERT_EQ(near.rows.shape(), (Shape{5, 12}));
  ASSERT_EQ(far.rows.shape(), (Shape{16, 12}));
  for (std::int64_t d = -2; d <= 2; ++d) {
    const auto a = static_cast<std::size_t>(near.buckets[static_cast<std::size_t>(d + 2)]),
               b = static_cast<std::size_t>(far.buckets[static_cast<std::size_t>(d + 199)]);
    for (std::size_t i = 0; i < 12; ++i) EXPECT_EQ(values(near.rows)[a * 12 + i], values(far.rows)[b * 12 + i]);
  }
  EXPECT_EQ(table(0).buckets, (std::vector<std::int32_t>{0}));
}

}  // namespace
}  // namespace linnet::nn
