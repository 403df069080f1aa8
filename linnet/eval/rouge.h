// ROUGE F-scores of a text, as the package rouge-score without a stemmer (Lin, 2004).
//
//   RougeScores r = rouge_scores("the cat sat", {"a cat sat"});   // r.rouge1, r.rouge2, r.rouge_l, r.rouge_lsum
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace linnet {

struct RougeScores {
  double rouge1 = 0, rouge2 = 0;
  double rouge_l = 0;     // longest common subsequence
  double rouge_lsum = 0;  // union of those of the lines
};

// Each score is the best one over the references, of which there is at least one.
RougeScores rouge_scores(std::string_view predicted, std::span<const std::string> references);
// Lower-case runs of a-z and 0-9.
std::vector<std::string> rouge_tokens(std::string_view text);

}  // namespace linnet
