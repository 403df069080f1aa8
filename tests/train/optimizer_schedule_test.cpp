#include <gtest/gtest.h>

#include "linnet/base/error.h"
#include "linnet/train/optimizer/schedule.h"

namespace linnet {
namespace {

TEST(Schedule, LinearWarmsUpThenFallsToZero) {  // transformers.get_linear_schedule_with_warmup(4, 10)
  const Schedule s{ScheduleKind::kLinear, 1.0, 4, 10};
  EXPECT_DOUBLE_EQ(s.at(0), 0);
  EXPECT_DOUBLE_EQ(s.at(1), 0.25);
  EXPECT_DOUBLE_EQ(s.at(4), 1);
  EXPECT_DOUBLE_EQ(s.at(7), 0.5);
  EXPECT_DOUBLE_EQ(s.at(10), 0);
  EXPECT_DOUBLE_EQ(s.at(11), 0);
}

TEST(Schedule, CosineHalvesInTheMiddle) {
  const Schedule s{ScheduleKind::kCosine, 2.0, 0, 8};
  EXPECT_DOUBLE_EQ(s.at(0), 2);
  EXPECT_NEAR(s.at(4), 1, 1e-12);
  EXPECT_NEAR(s.at(2), 1.7071067811865475, 1e-12);
  EXPECT_NEAR(s.at(8), 0, 1e-12);
}

TEST(Schedule, ConstantStaysAfterWarmUp) {
  const Schedule s{ScheduleKind::kConstant, 0.5, 2, 4};
  EXPECT_DOUBLE_EQ(s.at(1), 0.25);
  EXPECT_DOUBLE_EQ(s.at(100), 0.5);
}

TEST(Schedule, NamesRoundTrip) {
  for (const ScheduleKind kind : {ScheduleKind::kLinear, ScheduleKind::kCosine, ScheduleKind::kConstant})
    EXPECT_EQ(schedule_named(schedule_name(kind)), kind);
  EXPECT_THROW(schedule_named("polynomial"), Error);
}

}  // namespace
}  // namespace linnet
