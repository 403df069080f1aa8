#include "linnet/tokenizer/text_cutter.h"

#include "linnet/base/log.h"

namespace linnet {

TextCutter::TextCutter(const Tokenizer& tokenizer, std::int64_t max_length, EncodeOptions options)
    : tokenizer_(tokenizer), max_length_(max_length), options_(options) {
  options_.truncation.reset();
}

Encoding TextCutter::encode(std::string_view first, std::optional<std::string_view> second,
                            TruncationStrategy strategy) {
  EncodeOptions options = options_;
  const auto run = [&] {
    return second ? tokenizer_.encode(first, *second, options) : tokenizer_.encode(first, options);
  };
  ++texts_;
  Encoding whole = run();
  full_length_ = static_cast<std::int64_t>(whole.size());
  if (max_length_ <= 0 || full_length_ <= max_length_) return whole;
  ++cut_;
  options.truncation = Truncation{max_length_, strategy, tokenizer_.truncation_side()};
  return run();
}

void TextCutter::note_cut() const {
  if (cut_ == 0) return;
  note("{} of {} texts {} cut to {} tokens, the {} part is kept", cut_, texts_, cut_ == 1 ? "was" : "were", max_length_,
       tokenizer_.truncation_side() == Side::kRight ? "first" : "last");
}

}  // namespace linnet
