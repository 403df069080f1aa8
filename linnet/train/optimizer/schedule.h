// The learning rate of a step, as in Transformers' get_scheduler.
//
//   Schedule schedule{.kind = ScheduleKind::kLinear, .peak = 5e-5, .warmup_steps = 10, .total_steps = 100};
//   optimizer->step(schedule.at(step));  // step 0 is the first update
#pragma once

#include <cstdint>
#include <string_view>

namespace linnet {

enum class ScheduleKind : std::uint8_t { kLinear, kCosine, kConstant };
ScheduleKind schedule_named(std::string_view name);  // "linear", "cosine", "constant"; kInvalidArgument for other names
std::string_view schedule_name(ScheduleKind kind);

struct Schedule {
  ScheduleKind kind = ScheduleKind::kLinear;
  double peak = 5e-5;
  std::int64_t warmup_steps = 0, total_steps = 0;

  double at(std::int64_t step) const;
};

}  // namespace linnet
