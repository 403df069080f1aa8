// What a request says of the length of its text and of single tokens.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "linnet/generate/generator.h"

namespace linnet::generate {

class TextRules {
 public:
  // Throws like generate() about the prompt; `adapter` may be null.
  TextRules(const models::Model& model, const GenerateOptions& options, std::span<const std::int32_t> prompt,
            const nn::SequenceAdapter* adapter);

  std::int64_t prompt() const { return prompt_; }  // number of tokens before the new ones
  std::int64_t count() const { return count_; }    // maximum number of new tokens
  // For the token after `ids`, prompt and new tokens, which must outlive the result like this object.
  TokenRules after(std::span<const std::int32_t> ids) const;

 private:
  std::int64_t prompt_ = 0, count_ = 0;
  std::int64_t least_ = 0;                        // new tokens before the first end token
  std::int64_t begin_ = 0;                        // number of new tokens before begin_suppress_tokens apply
  std::vector<std::int32_t> eos_, first_, last_;  // the last two: forced tokens
};

}  // namespace linnet::generate
