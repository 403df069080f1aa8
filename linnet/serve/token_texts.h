// The text of a single token, as clients of log-probabilities expect it: texts of neighbours join to the whole text.
#pragma once

#include <cstdint>
#include <string>

#include "linnet/tokenizer/tokenizer.h"

namespace linnet::serve {

class TokenTexts {
 public:
  explicit TokenTexts(const Tokenizer& tokenizer);
  // With its leading blank; of a token that is a part of a character, these bytes.
  std::string bytes_of(std::int32_t id) const;
  // The same as valid UTF-8: a part of a character is spelled "bytes:\xe2\x82", as by OpenAI.
  std::string name_of(std::int32_t id) const;

 private:
  Tokenizer tokenizer_;
  std::int32_t before_ = -1;  // an ordinary token, after which another one is decoded
  std::string text_before_;
};

}  // namespace linnet::serve
