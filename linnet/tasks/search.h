// Finds the rows of a matrix of vectors closest to a query: exact search by products of blocks of rows.
//
//   const auto hits = search(queries, read_npy("vectors.npy"), {.top_k = 5});
//   hits[0][0].row, hits[0][0].score
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "linnet/models/sentence_folder.h"
#include "linnet/tensor/tensor.h"

namespace linnet::tasks {

struct SearchOptions {
  models::Similarity similarity = models::Similarity::kCosine;
  std::int64_t top_k = 5;
};

struct SearchHit {
  std::size_t row;
  float score;  // higher is closer; distances are negative
};

// The best rows per query, best first, ties in the order of rows. queries [n, width], rows [m, width], f32. A row with
// NaN is a text without a vector and is skipped.
std::vector<std::vector<SearchHit>> search(const Tensor& queries, const Tensor& rows,
                                           const SearchOptions& options = {});

}  // namespace linnet::tasks
