#include "linnet/nn/distance_bias.h"

#include <gmock/gmock.h>

#include "tests/nn/small.h"

namespace linnet::nn {
namespace {

using ::testing::ElementsAre;

std::vector<std::int64_t> buckets_of(std::initializer_list<std::int64_t> distances, std::int64_t buckets) {
  std::vector<std::int64_t> found;
  for (const std::int64_t distance : distances) found.push_back(distance_bucket(distance, buckets));
  return found;
}

// Values of transformers' MPNetEncoder.relative_position_bucket.
TEST(DistanceBias, BucketsAreExactThenLogarithmic) {
  EXPECT_THAT(buckets_of({0, -1, -7, -8, -11, -12, -16, -32, -64, -90, -91, -128, -5000}, 32),
              ElementsAre(0, 1, 7, 8, 8, 9, 10, 12, 14, 14, 15, 15, 15));
  EXPECT_THAT(buckets_of({1, 7, 8, 16, 64, 128, 5000}, 32), ElementsAre(17, 23, 24, 26, 30, 31, 31));
  EXPECT_THAT(buckets_of({0, -1, -2, -3, -16, 1, 2, 16}, 8), ElementsAre(0, 1, 2, 2, 3, 5, 6, 7));
}

TEST(DistanceBias, EachHeadHasTheBiasOfTheBucket) {
  TransformerConfig c = small_config();
  c.distance_buckets = 32;
  DistanceBias bias(c);
  fill(bias);
  const Tensor expanded = bias();
  ASSERT_EQ(expanded.shape(), (Shape{2, 257}));
  const Tensor table = *parameters(bias)[0].tensor;
  for (const std::int64_t distance : {-128, -9, 0, 5, 128})
    for (std::int64_t head = 0; head < 2; ++head)
      EXPECT_EQ(values(expanded)[static_cast<std::size_t>(head * 257 + distance + 128)],
                values(table)[static_cast<std::size_t>(distance_bucket(distance, 32) * 2 + head)]);
}

}  // namespace
}  // namespace linnet::nn
