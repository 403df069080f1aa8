#include "linnet/tasks/fill_mask.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "linnet/base/error.h"

namespace linnet::tasks {

std::vector<std::vector<FillCandidate>> fill_mask(const models::Model& model, const Tokenizer& tokenizer,
                                                  const std::string& text, std::int64_t top_k) {
  const auto mask = tokenizer.mask_id();
  check(mask.has_value(), ErrorKind::kBadInput, "[fill] the tokenizer has no mask token");
  const auto ids = tokenizer.encode_ids(text);
  std::vector<std::int32_t> rows;
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (ids[i] == *mask) rows.push_back(static_cast<std::int32_t>(i));
  check(!rows.empty(), "[fill] the text holds no {}", tokenizer.id_to_token(*mask));

  const nn::Packed batch = nn::pack({ids});
  Tensor scores = model.logits(model.forward(batch), rows);
  const auto vocab = static_cast<std::size_t>(scores.size(1));
  const auto values = scores.data<float>();
  backend().log_softmax(values.data(), values.data(), scores.size(0), scores.size(1));
  std::vector<std::vector<FillCandidate>> result;
  for (std::size_t m = 0; m < rows.size(); ++m) {
    const auto own = values.subspan(m * vocab, vocab);
    std::vector<std::int32_t> order(vocab);
    std::iota(order.begin(), order.end(), 0);
    const auto n = std::min<std::size_t>(static_cast<std::size_t>(std::max<std::int64_t>(top_k, 0)), vocab);
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(n), order.end(), [&](auto a, auto b) {
      return own[static_cast<std::size_t>(a)] > own[static_cast<std::size_t>(b)];
    });
    std::vector<FillCandidate> best;
    for (std::size_t i = 0; i < n; ++i) {
      auto filled = ids;
      filled[static_cast<std::size_t>(rows[m])] = order[i];
      best.push_back({std::exp(own[static_cast<std::size_t>(order[i])]), order[i], tokenizer.decode({{order[i]}}),
                      tokenizer.decode(filled, rows.size() == 1)});
    }
    result.push_back(std::move(best));
  }
  return result;
}

}  // namespace linnet::tasks
