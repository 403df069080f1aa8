#include <gtest/gtest.h>

#include "linnet/base/error.h"
#include "linnet/train/encode/targets.h"
#include "linnet/train/tasks/task.h"

namespace linnet {
namespace {

EncodedSet two(EncodedExample first, EncodedExample second) {
  EncodedSet set;
  set.examples = {std::move(first), std::move(second)};
  return set;
}

TEST(Targets, AreWhatTheTaskLearnsFrom) {
  EncodedExample text, cut, answered;
  text.targets = {-1, 7};
  text.words = {-1, 0};
  cut.targets = cut.words = {-1, -1};
  answered.start = answered.end = 0;
  for (const TrainTask* task : {task_named("causal-lm"), task_named("tokens"), task_named("masked-lm")})
    EXPECT_EQ(rows_without_target(two(text, cut), {.task = task}), 1) << task_name(task);
  EXPECT_EQ(rows_without_target(two(answered, cut), {.task = task_named("qa")}), 1);
  EXPECT_EQ(rows_without_target(two(answered, cut), {.task = task_named("classify")}), 0);
  EXPECT_EQ(rows_without_target(two(text, text), {.task = task_named("masked-lm"), .mask_probability = 0}), 2);
}

TEST(Targets, SomeMissingAreCountedAllMissingRefused) {
  EncodedExample text, cut;
  text.targets = {7};
  cut.targets = {-1};
  TrainOptions options{.task = task_named("causal-lm"), .max_length = 9};
  EXPECT_EQ(target_warning(two(text, text), "r.jsonl", options), std::nullopt);
  EncodedSet some = two(text, cut);
  EXPECT_EQ(target_warning(some, "r.jsonl", options),
            "r.jsonl: 1 of 2 rows teach nothing (a single token, which nothing follows); remove them");
  EXPECT_NO_THROW(check_targets(some, "r.jsonl", options));
  EncodedSet none = two(cut, cut);
  none.truncated = 2;
  try {
    check_targets(none, "r.jsonl", options);
    FAIL() << "was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    EXPECT_STREQ(error.what(),
                 "r.jsonl: no row teaches anything (a single token, which nothing follows); give more than "
                 "max_length 9");
  }
}

}  // namespace
}  // namespace linnet
