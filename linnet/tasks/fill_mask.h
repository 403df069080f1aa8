// The likeliest words for the masks of a text, as Transformers' fill-mask pipeline gives them.
#pragma once

#include <string>
#include <vector>

#include "linnet/models/model.h"
#include "linnet/tokenizer/tokenizer.h"

namespace linnet::tasks {

struct FillCandidate {
  double score;           // probability
  std::int32_t token;
  std::string token_str;
  std::string sequence;   // the text with this mask filled
};
// One list a mask, in the text's order, best first. kInvalidArgument where the text holds no mask token.
std::vector<std::vector<FillCandidate>> fill_mask(const models::Model& model, const Tokenizer& tokenizer,
                                                  const std::string& text, std::int64_t top_k = 5);

}  // namespace linnet::tasks
