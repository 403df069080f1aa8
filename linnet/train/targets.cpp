#include "linnet/train/targets.h"

#include <algorithm>

#include "linnet/base/error.h"

namespace linnet {
namespace {

bool any(const std::vector<std::int32_t>& numbers) {
  return std::any_of(numbers.begin(), numbers.end(), [](std::int32_t n) { return n >= 0; });
}

bool has_target(const EncodedExample& e, const TrainOptions& o) {
  switch (o.task) {
    case TrainTask::kCausalLm:
    case TrainTask::kTokens:
      return any(e.targets);
    case TrainTask::kMaskedLm:
      return o.mask_probability > 0 && any(e.words);
    case TrainTask::kQuestionAnswering:
      return e.start >= 0 || e.end >= 0;
    default:
      return true;
  }
}

std::string reason(const EncodedSet& set, const TrainOptions& o) {
  if (set.without_answer > 0)
    return fmt::format("the chat template shows no turn of the assistant, as in {}", set.first_without_answer);
  switch (o.task) {
    case TrainTask::kCausalLm:
      return "a single token, which nothing follows";
    case TrainTask::kTokens:
      return "no word that has a tag";
    case TrainTask::kMaskedLm:
      return o.mask_probability > 0 ? "no token that could be masked"
                                    : fmt::format("{} is 0", option("mask_probability"));
    default:
      return "the answer is cut away";
  }
}

std::string advice(const EncodedSet& set, const TrainOptions& o) {
  if (o.task == TrainTask::kMaskedLm && o.mask_probability <= 0) return "give a larger one";
  if (set.without_answer > 0) return "give them an answer, or remove them";
  if (set.truncated > 0 || o.packing) return fmt::format("give more than {} {}", option("max_length"), o.max_length);
  return "remove them";
}

}  // namespace

std::int64_t rows_without_target(const EncodedSet& set, const TrainOptions& options) {
  return std::count_if(set.examples.begin(), set.examples.end(),
                       [&](const EncodedExample& e) { return !has_target(e, options); });
}

std::optional<std::string> target_warning(const EncodedSet& set, const std::string& file, const TrainOptions& options) {
  const std::int64_t empty = rows_without_target(set, options);
  if (empty == 0) return std::nullopt;
  return fmt::format("{}: {} of {} rows teach nothing ({}); {}", file, empty, set.examples.size(), reason(set, options),
                     advice(set, options));
}

void check_targets(const EncodedSet& set, const std::string& file, const TrainOptions& options) {
  if (rows_without_target(set, options) < static_cast<std::int64_t>(set.examples.size())) return;
  fail(ErrorKind::kBadInput, "{}: no row teaches anything ({}); {}", file, reason(set, options), advice(set, options));
}

}  // namespace linnet
