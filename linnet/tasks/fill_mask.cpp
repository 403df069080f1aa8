#include "linnet/tasks/fill_mask.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "linnet/base/error.h"
#include "linnet/base/log.h"
#include "linnet/ops/ops.h"
#include "linnet/tasks/prompt_ids.h"

namespace linnet::tasks {
namespace {

// Candidates for a mask: the targets, or the whole vocabulary.
std::vector<std::int32_t> candidates(std::span<const std::int32_t> targets, std::size_t vocab) {
  std::vector<std::int32_t> ids(targets.begin(), targets.end());
  if (!targets.empty()) return ids;
  ids.resize(vocab);
  std::iota(ids.begin(), ids.end(), 0);
  return ids;
}

// The `count` most likely of `ids`, best first.
std::vector<std::int32_t> best_of(std::vector<std::int32_t> ids, std::span<const float> scores, std::int64_t count) {
  const auto n =
      std::min(static_cast<std::ptrdiff_t>(std::max<std::int64_t>(count, 0)), static_cast<std::ptrdiff_t>(ids.size()));
  std::partial_sort(ids.begin(), ids.begin() + n, ids.end(), [&](std::int32_t a, std::int32_t b) {
    return scores[static_cast<std::size_t>(a)] > scores[static_cast<std::size_t>(b)];
  });
  ids.resize(static_cast<std::size_t>(n));
  return ids;
}

}  // namespace

void check_fills(const Loaded& loaded) {
  const models::Model& model = *loaded.model;
  const Tokenizer& tokenizer = loaded.tokenizer();
  const models::HeadKind head = model.config().head;
  check(head == models::HeadKind::kMaskedLm || head == models::HeadKind::kPretraining, ErrorKind::kBadInput,
        "{}: has no masked language model head; filling needs one, take another model", model.place().string());
  check(tokenizer.mask_id().has_value(), ErrorKind::kBadInput,
        "{}: the tokenizer has no mask token; take a model with one", model.place().string());
}

std::vector<std::int32_t> target_ids(const Tokenizer& tokenizer, const std::vector<std::string>& words) {
  std::vector<std::int32_t> ids;
  for (const std::string& word : words) {
    const auto own = word_ids(tokenizer, word);
    check(!own.empty(), "the target '{}' has no tokens; give a word", printable(word, 60));
    if (own.front() == tokenizer.unk_id())
      warn("the target '{}' is not in the vocabulary: {} is ranked", printable(word, 60),
           tokenizer.id_to_token(own.front()));
    else if (own.size() > 1)
      note("the target '{}' is {} tokens; the first one is ranked", printable(word, 60), own.size());
    if (std::find(ids.begin(), ids.end(), own.front()) == ids.end()) ids.push_back(own.front());
  }
  return ids;
}

std::vector<std::vector<FillCandidate>> fill_mask(const Loaded& loaded, const std::string& text, std::int64_t top_k,
                                                  std::span<const std::int32_t> targets) {
  check_fills(loaded);
  const models::Model& model = *loaded.model;
  const Tokenizer& tokenizer = loaded.tokenizer();
  const auto mask = tokenizer.mask_id();
  const auto ids = tokenizer.encode_ids(text);
  std::vector<std::int32_t> rows;
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (ids[i] == *mask) rows.push_back(static_cast<std::int32_t>(i));
  check(!rows.empty(), "the text holds no {}; put it where a word is to be found", tokenizer.id_to_token(*mask));

  const Tensor scores = log_softmax(model.logits(model.forward(nn::pack({ids})), rows)).to(kCpu);
  const auto vocab = static_cast<std::size_t>(scores.size(1));
  const auto values = scores.data<float>();
  std::vector<std::vector<FillCandidate>> result;
  for (std::size_t m = 0; m < rows.size(); ++m) {
    const auto own = values.subspan(m * vocab, vocab);
    auto& words = result.emplace_back();
    for (const std::int32_t id : best_of(candidates(targets, vocab), own, top_k)) {
      auto filled = ids;
      filled[static_cast<std::size_t>(rows[m])] = id;
      words.push_back({std::exp(own[static_cast<std::size_t>(id)]), id, tokenizer.decode({{id}}, false),
                       tokenizer.decode(filled, rows.size() == 1)});
    }
  }
  return result;
}

}  // namespace linnet::tasks
