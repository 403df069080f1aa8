// The text of one request as it grows: which token comes next, and when it ends.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "linnet/generate/generator.h"

namespace linnet::generate {

class Continuation {
 public:
  // Errors as generate().
  Continuation(const models::Model& model, std::vector<std::int32_t> prompt, GenerateOptions options, OnToken on_token);

  // Takes the scores [vocab] behind the last token, which it may change, and chooses the next one.
  void choose(std::span<float> scores);
  void stop();  // before it ends by itself
  bool ended() const { return ended_; }

  const std::vector<std::int32_t>& ids() const { return ids_; }  // prompt and new ones
  std::int64_t longest() const { return result_.prompt_tokens + count_; }
  Generation& result() { return result_; }

 private:
  GenerateOptions options_;
  OnToken on_token_;
  Sampler sampler_;
  std::vector<std::int32_t> ids_;
  std::int64_t count_ = 0, least_ = 0;  // of new tokens
  std::optional<std::int32_t> last_;    // what a full length must end with
  bool ended_ = false;
  Generation result_;
};

}  // namespace linnet::generate
