// The rows of a matrix of vectors that are closest to a query: exact, by products of blocks of rows.
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

// Per query the best rows, best first, equal scores in the order of rows. queries [n, width], rows [m, width], f32. A
// row that holds a value that is not a number stands for a text without a vector and is passed over.
std::vector<std::vector<SearchHit>> search(const Tensor& queries, const Tensor& rows,
                                           const SearchOptions& options = {});

}  // namespace linnet::tasks
