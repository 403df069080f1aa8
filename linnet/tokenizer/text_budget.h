// What a tokenizer may do with one text: how many bytes its steps may add, and how long its regular expressions may
// search. A tokenizer file is foreign; thirty steps that double a text would fill the memory.
//
//   TextBudget budget(text.size());
//   budget.grow(4);          // a step adds 4 bytes
#pragma once

#include <cstddef>

namespace linnet {

class TextBudget {
 public:
  // The largest growth known of a sound file is 12 times: characters that stand for a word (U+3316), spelled byte by
  // byte.
  static constexpr std::size_t kFreeBytes = std::size_t{64} << 10, kGrowth = 16;
  static constexpr double kFreeSeconds = 0.05, kSecondsPerByte = 5e-6;

  explicit TextBudget(std::size_t bytes) : bytes_(bytes), left_(kFreeBytes + kGrowth * bytes) {}

  // Call before a step makes its text larger by `bytes`: kInvalidArgument where they are too many; the caller names the
  // file (`blame`).
  void grow(std::size_t bytes) {
    need(bytes);
    left_ -= bytes;
  }
  // The same check, for a step that is not at its end yet.
  void need(std::size_t bytes) const {
    if (bytes > left_) refuse_bytes();
  }
  // A search that may have looked at so many bytes is over. kInvalidArgument where searches took too long. The
  // processor is asked for its time now and then only.
  void searched(std::size_t bytes) {
    unmeasured_ += bytes;
    if (unmeasured_ >= kMeasureAfter) measure();
  }
  // Asks now: a search was long. How many times the time spent until now is left; kInvalidArgument where none is.
  double measure();

 private:
  static constexpr std::size_t kMeasureAfter = std::size_t{16} << 20;
  [[noreturn]] void refuse_bytes() const;

  std::size_t bytes_, left_, unmeasured_ = 0;
  double started_ = -1;  // processor time of this thread when it was first asked
};

}  // namespace linnet
