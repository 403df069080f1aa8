#include "linnet/tasks/search.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "linnet/base/error.h"
#include "linnet/base/rng.h"

namespace linnet::tasks {
namespace {

using models::Similarity;

Tensor random_matrix(std::int64_t rows, std::int64_t width, std::uint64_t seed) {
  Tensor x = Tensor::empty({rows, width});
  Rng rng(seed, 1);
  for (float& v : x.data<float>()) v = rng.normal();
  return x;
}

double score(const float* a, const float* b, std::int64_t width, Similarity similarity) {
  double dot = 0, aa = 0, bb = 0, squares = 0, apart = 0;
  for (std::int64_t i = 0; i < width; ++i) {
    dot += static_cast<double>(a[i]) * b[i];
    aa += static_cast<double>(a[i]) * a[i];
    bb += static_cast<double>(b[i]) * b[i];
    squares += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
    apart += std::abs(static_cast<double>(a[i]) - b[i]);
  }
  return similarity == Similarity::kCosine      ? dot / std::sqrt(aa * bb)
         : similarity == Similarity::kDot       ? dot
         : similarity == Similarity::kEuclidean ? -std::sqrt(squares)
                                                : -apart;
}

// More rows than a block, every similarity, against a full sort.
TEST(Search, FindsWhatSortingAllScoresFinds) {
  constexpr std::int64_t kRows = 9001, kWidth = 7;
  const Tensor rows = random_matrix(kRows, kWidth, 1), queries = random_matrix(3, kWidth, 2);
  for (const auto similarity :
       {Similarity::kCosine, Similarity::kDot, Similarity::kEuclidean, Similarity::kManhattan}) {
    const auto hits = search(queries, rows, {.similarity = similarity, .top_k = 4});
    ASSERT_EQ(hits.size(), 3U);
    for (std::int64_t q = 0; q < 3; ++q) {
      std::vector<std::pair<double, std::size_t>> all;
      for (std::int64_t r = 0; r < kRows; ++r)
        all.emplace_back(-score(queries.data<float>().data() + q * kWidth, rows.data<float>().data() + r * kWidth,
                                kWidth, similarity),
                         static_cast<std::size_t>(r));
      std::sort(all.begin(), all.end());
      ASSERT_EQ(hits[static_cast<std::size_t>(q)].size(), 4U);
      for (std::size_t k = 0; k < 4; ++k) {
        EXPECT_EQ(hits[static_cast<std::size_t>(q)][k].row, all[k].second);
        EXPECT_NEAR(hits[static_cast<std::size_t>(q)][k].score, -all[k].first, 1e-4);
      }
    }
  }
}

TEST(Search, EqualScoresAreInTheOrderOfRowsAndNaNIsPassedOver) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor rows = Tensor::from(std::vector<float>{1, 0, nan, nan, 2, 0, 0, 1}, {4, 2});
  const auto hits = search(Tensor::from(std::vector<float>{3, 0}, {1, 2}), rows, {.top_k = 10});
  ASSERT_EQ(hits[0].size(), 3U);
  EXPECT_EQ(hits[0][0].row, 0U);
  EXPECT_EQ(hits[0][1].row, 2U);
  EXPECT_EQ(hits[0][2].row, 3U);
}

TEST(Search, WidthsMustFit) {
  EXPECT_THROW(search(random_matrix(1, 3, 1), random_matrix(2, 4, 1)), Error);
  EXPECT_THROW(search(random_matrix(1, 3, 1), random_matrix(2, 3, 1), {.top_k = 0}), Error);
  EXPECT_TRUE(search(random_matrix(0, 3, 1), random_matrix(2, 3, 1)).empty());
  EXPECT_TRUE(search(random_matrix(1, 3, 1), random_matrix(0, 3, 1))[0].empty());
}

}  // namespace
}  // namespace linnet::tasks
