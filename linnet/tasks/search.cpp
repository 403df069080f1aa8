#include "linnet/tasks/search.h"

#include <algorithm>
#include <cmath>

#include "linnet/base/error.h"
#include "linnet/base/parallel.h"
#include "linnet/ops/ops.h"

namespace linnet::tasks {
namespace {

using models::Similarity;

constexpr std::int64_t kBlockRows = 4096;

bool closer(const SearchHit& a, const SearchHit& b) { return a.score != b.score ? a.score > b.score : a.row < b.row; }

// The best of all added hits: a heap with the worst of them at the front.
class Best {
 public:
  explicit Best(std::size_t most) : most_(most) {}
  void add(SearchHit hit) {
    if (std::isnan(hit.score) || most_ == 0) return;
    if (hits_.size() == most_) {
      if (!closer(hit, hits_.front())) return;
      std::pop_heap(hits_.begin(), hits_.end(), closer);
      hits_.pop_back();
    }
    hits_.push_back(hit);
    std::push_heap(hits_.begin(), hits_.end(), closer);
  }
  std::vector<SearchHit> sorted() {
    std::sort_heap(hits_.begin(), hits_.end(), closer);
    return std::move(hits_);
  }

 private:
  std::size_t most_;
  std::vector<SearchHit> hits_;
};

double length_of(std::span<const float> v) {
  double sum = 0;
  for (const float x : v) sum += static_cast<double>(x) * x;
  return std::sqrt(sum);
}

// Scales rows to length 1, as for sentence-transformers' cosine.
Tensor unit_rows(const Tensor& x) {
  Tensor y = Tensor::empty(x.shape());
  const auto width = static_cast<std::size_t>(x.size(1));
  parallel_for(x.size(0), 256, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const auto from = x.data<float>().subspan(static_cast<std::size_t>(r) * width, width);
      const auto to = y.data<float>().subspan(static_cast<std::size_t>(r) * width, width);
      const auto factor = static_cast<float>(1 / std::max(length_of(from), 1e-12));
      for (std::size_t i = 0; i < width; ++i) to[i] = from[i] * factor;
    }
  });
  return y;
}

// [block rows, queries] of negative distances.
Tensor distances(const Tensor& block, const Tensor& queries, Similarity similarity) {
  const std::int64_t rows = block.size(0), count = queries.size(0), width = block.size(1);
  Tensor scores = Tensor::empty({rows, count});
  const float *b = block.data<float>().data(), *q = queries.data<float>().data();
  float* out = scores.data<float>().data();
  parallel_for(rows, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r)
      for (std::int64_t c = 0; c < count; ++c) {
        double sum = 0;
        for (std::int64_t i = 0; i < width; ++i) {
          const double apart = static_cast<double>(b[r * width + i]) - static_cast<double>(q[c * width + i]);
          sum += similarity == Similarity::kEuclidean ? apart * apart : std::abs(apart);
        }
        out[r * count + c] = static_cast<float>(-(similarity == Similarity::kEuclidean ? std::sqrt(sum) : sum));
      }
  });
  return scores;
}

Tensor scores_of(const Tensor& block, const Tensor& queries, Similarity similarity) {
  if (similarity == Similarity::kEuclidean || similarity == Similarity::kManhattan)
    return distances(block, queries, similarity);
  return linear(similarity == Similarity::kCosine ? unit_rows(block) : block, queries, {},
                {.precision = Precision::kF32});
}

}  // namespace

std::vector<std::vector<SearchHit>> search(const Tensor& queries, const Tensor& rows, const SearchOptions& options) {
  check(queries.rank() == 2 && rows.rank() == 2 && queries.size(1) == rows.size(1),
        "[search] queries {} and rows {} do not have vectors of one width", to_string(queries.shape()),
        to_string(rows.shape()));
  check(options.top_k >= 1, "[search] top_k is {}, must be 1 or more", options.top_k);
  const auto count = static_cast<std::size_t>(queries.size(0));
  const std::int64_t most = std::min(options.top_k, rows.size(0));
  std::vector<Best> best(count, Best(static_cast<std::size_t>(most)));
  const Tensor asked = options.similarity == Similarity::kCosine ? unit_rows(queries) : queries;
  for (std::int64_t begin = 0; count > 0 && begin < rows.size(0); begin += kBlockRows) {
    const std::int64_t end = std::min(begin + kBlockRows, rows.size(0));
    const Tensor scores = scores_of(rows.slice(0, begin, end), asked, options.similarity);
    const auto values = scores.data<float>();
    for (std::int64_t r = begin; r < end; ++r)
      for (std::size_t q = 0; q < count; ++q)
        best[q].add({static_cast<std::size_t>(r), values[static_cast<std::size_t>(r - begin) * count + q]});
  }
  std::vector<std::vector<SearchHit>> result;
  for (Best& b : best) result.push_back(b.sorted());
  return result;
}

}  // namespace linnet::tasks
