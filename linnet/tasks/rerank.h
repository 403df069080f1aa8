// Scores documents for a query with a cross-encoder, as sentence-transformers' CrossEncoder does.
//
//   std::vector<double> scores = rerank_scores(loaded, "Who left?", {"The ferry left.", "The oven was cold."});
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "linnet/adapt/loaded.h"
#include "linnet/nn/packed.h"
#include "linnet/tasks/batches.h"

namespace linnet::tasks {

struct RerankOptions {
  std::int64_t max_length = 0;   // tokens of a pair; longer ones are truncated; 0: the limit of the tokenizer or model
  bool allow_untrained = false;  // allow a head that was never trained
  std::int64_t batch_rows = nn::kBatchRows;
};

// kBadInput if the model has no classification head with one logit, an untrained one, or files that ask for a function
// of the logit that is not implemented. Without such a wish it is a sigmoid.
void check_reranks(const Loaded& loaded, const RerankOptions& options = {});

// Throws like check_reranks; kInvalidArgument for an empty query or document.
std::vector<double> rerank_scores(const Loaded& loaded, const std::string& query,
                                  const std::vector<std::string>& documents, const RerankOptions& options = {});

// Returns every score as early as possible, in the order of the documents. Prints one note with the number of truncated
// pairs.
using OnScore = std::function<void(std::size_t index, double score)>;
void rerank_each(const Loaded& loaded, const std::string& query, std::span<const std::string> documents,
                 const RerankOptions& options, const OnScore& on_score, const OnRefusal& on_refusal = {});

}  // namespace linnet::tasks
