#include "linnet/tokenizer/text_budget.h"

#include <algorithm>
#include <ctime>

#include "linnet/base/error.h"

namespace linnet {
namespace {

double thread_seconds() {
  std::timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

void TextBudget::refuse_bytes() const {
  fail(ErrorKind::kInvalidArgument,
       "its steps add more than {} bytes to a text of {}; get the tokenizer again from where it was published",
       kFreeBytes + kGrowth * bytes_, bytes_);
}

double TextBudget::measure() {
  unmeasured_ = 0;
  const double now = thread_seconds();
  if (started_ < 0) started_ = now;
  const double most = kFreeSeconds + kSecondsPerByte * static_cast<double>(bytes_), spent = now - started_;
  check(
      spent <= most, ErrorKind::kInvalidArgument,
      "its regular expressions search for more than {:.2f} s in a text of {} bytes; get the tokenizer again from where "
      "it was published",
      most, bytes_);
  return (most - spent) / std::max(spent, 1e-6);
}

}  // namespace linnet
