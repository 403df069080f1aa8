#include "linnet/train/encode/targets.h"

#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/train/tasks/task.h"

namespace linnet {
namespace {

std::string reason(const EncodedSet& set, const TrainOptions& o) {
  if (set.without_answer > 0)
    return fmt::format("the chat template shows no turn of the assistant, as in {}", set.first_without_answer);
  return o.task->why_no_target(o);
}

std::string advice(const EncodedSet& set, const TrainOptions& o) {
  if (std::string own = o.task->advice(o); !own.empty()) return own;
  if (set.without_answer > 0) return "give them an answer, or remove them";
  if (set.truncated > 0 || o.packing) return fmt::format("give more than {} {}", option("max_length"), o.max_length);
  return "remove them";
}

}  // namespace

std::int64_t rows_without_target(const EncodedSet& set, const TrainOptions& options) {
  return std::count_if(set.examples.begin(), set.examples.end(),
                       [&](const EncodedExample& e) { return !options.task->has_target(e, options); });
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
