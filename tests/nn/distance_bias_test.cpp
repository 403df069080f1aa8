#include "linnet/nn/distance_bias.h"

#include <gmock/gmock.h>

#include "tests/nn/small.h"

namespace linnet::nn {
namespace {

using ::testing::ElementsAre;

using enum DistanceBias::Direction;

std::vector<std::int64_t> buckets_of(std::initializer_list<std::int64_t> distances, std::int64_t buckets,
                                     DistanceBias::Direction direction = kBoth, std::int64_t reach = 128) {
  TransformerConfig c = small_config();
  c.distance_buckets = buckets;
  c.distance_reach = reach;
  const DistanceBias bias(c, direction);
  std::vector<std::int64_t> found;
  for (const std::int64_t distance : distances) found.push_back(bias.bucket(distance));
  return found;
}

// Values of transformers' MPNetEncoder.relative_position_bucket.
TEST(DistanceBias, BucketsAreExactThenLogarithmic) {
  EXPECT_THAT(buckets_of({0, -1, -7, -8, -11, -12, -16, -32, -64, -90, -91, -128, -5000}, 32),
              ElementsAre(0, 1, 7, 8, 8, 9, 10, 12, 14, 14, 15, 15, 15));
  EXPECT_THAT(buckets_of({1, 7, 8, 16, 64, 128, 5000}, 32), ElementsAre(17, 23, 24, 26, 30, 31, 31));
  EXPECT_THAT(buckets_of({0, -1, -2, -3, -16, 1, 2, 16}, 8), ElementsAre(0, 1, 2, 2, 3, 5, 6, 7));
}

// Values of transformers' T5Attention._relative_position_bucket.
TEST(DistanceBias, ADecoderHasBucketsForEarlierKeysOnly) {
  EXPECT_THAT(buckets_of({0, -1, -15, -16, -20, -32, -64, -127, -128, -5000, 1, 9}, 32, kBackward),
              ElementsAre(0, 1, 15, 16, 17, 21, 26, 31, 31, 31, 0, 0));
  EXPECT_THAT(buckets_of({0, -3, -4, -9, -19, -20, -40}, 8, kBackward, 20), ElementsAre(0, 3, 4, 6, 7, 7, 7));
  EXPECT_THAT(buckets_of({0, -1, -2, -5, -19, -20, 1, 19, 20}, 8, kBoth, 20), ElementsAre(0, 1, 2, 2, 3, 3, 5, 7, 7));
}

TEST(DistanceBias, EachHeadHasTheBiasOfTheBucket) {
  TransformerConfig c = small_config();
  c.distance_buckets = 32;
  DistanceBias bias(c, kBoth);
  fill(bias);
  const Tensor expanded = bias();
  ASSERT_EQ(expanded.shape(), (Shape{2, 257}));
  const Tensor table = *parameters(bias)[0].tensor;
  for (const std::int64_t distance : {-128, -9, 0, 5, 128})
    for (std::int64_t head = 0; head < 2; ++head)
      EXPECT_EQ(values(expanded)[static_cast<std::size_t>(head * 257 + distance + 128)],
                values(table)[static_cast<std::size_t>(bias.bucket(distance) * 2 + head)]);
}

}  // namespace
}  // namespace linnet::nn
