// Limits of a tokenizer for one text: the bytes that its steps may add, and the time of its regular expressions. A
// tokenizer file is untrusted; thirty steps that double a text would fill the memory.
//
//   TextBudget budget(text.size());
//   budget.grow(4);          // a step adds 4 bytes
#pragma once

#include <cstddef>

namespace linnet {

class TextBudget {
 public:
  // The largest known growth of a valid file is 12 times: characters that decompose to a word (U+3316), in byte tokens.
  static constexpr std::size_t kFreeBytes = std::size_t{64} << 10, kGrowth = 16;
  static constexpr double kFreeSeconds = 0.05, kSecondsPerByte = 5e-6;

  explicit TextBudget(std::size_t bytes) : bytes_(bytes), left_(kFreeBytes + kGrowth * bytes) {}

  // Call before a text grows by `bytes`: kInvalidArgument if these are too many; the caller names the file (`blame`).
  void grow(std::size_t bytes) {
    need(bytes);
    left_ -= bytes;
  }
  // The same check, for a step that has not ended yet.
  void need(std::size_t bytes) const {
    if (bytes > left_) refuse_bytes();
  }
  // Counts a search over at most this number of bytes. kInvalidArgument if searches took too long. Reads the clock only
  // from time to time.
  void searched(std::size_t bytes) {
    unmeasured_ += bytes;
    if (unmeasured_ >= kMeasureAfter) measure();
  }
  // Reads the clock now. Returns the remaining time as a multiple of the time spent; kInvalidArgument if none is left.
  double measure();

 private:
  static constexpr std::size_t kMeasureAfter = std::size_t{16} << 20;
  [[noreturn]] void refuse_bytes() const;

  std::size_t bytes_, left_, unmeasured_ = 0;
  double started_ = -1;  // processor time of this thread when first read
};

}  // namespace linnet
