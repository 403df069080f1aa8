#include "linnet/train/optimizer/schedule.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include "linnet/base/error.h"

namespace linnet {
namespace {

constexpr std::array kScheduleNames{std::pair{std::string_view("linear"), ScheduleKind::kLinear},
                                    std::pair{std::string_view("cosine"), ScheduleKind::kCosine},
                                    std::pair{std::string_view("constant"), ScheduleKind::kConstant}};

}  // namespace

ScheduleKind schedule_named(std::string_view name) {
  for (const auto& [known, kind] : kScheduleNames)
    if (known == name) return kind;
  fail(ErrorKind::kInvalidArgument, "schedule '{}' is unknown; there are linear, cosine and constant", printable(name));
}

std::string_view schedule_name(ScheduleKind kind) {
  for (const auto& [name, known] : kScheduleNames)
    if (known == kind) return name;
  return "";
}

double Schedule::at(std::int64_t step) const {
  if (step < warmup_steps)
    return peak * static_cast<double>(step) / static_cast<double>(std::max<std::int64_t>(1, warmup_steps));
  if (kind == ScheduleKind::kConstant) return peak;
  const double span = static_cast<double>(std::max<std::int64_t>(1, total_steps - warmup_steps));
  const double done = static_cast<double>(step - warmup_steps) / span;
  if (kind == ScheduleKind::kLinear) return peak * std::max(0.0, 1.0 - done);
  return peak * std::max(0.0, 0.5 * (1.0 + std::cos(std::numbers::pi * done)));
}

}  // namespace linnet
