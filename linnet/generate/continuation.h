// The text of one request as it grows: which token comes next, and when it ends.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "linnet/generate/generator.h"
#include "linnet/generate/text.h"

namespace linnet::generate {

struct Request {
  std::vector<std::int32_t> prompt;
  GenerateOptions options = {};  // its `interrupted` is not called: the engine has one
  OnToken on_token = {};
  std::function<void(Generation&)> on_end = {};  // once, also when it was cancelled (kStop)
};

class Continuation : public Text {
 public:
  // Errors as generate().
  Continuation(const models::Model& model, Request request);

  const std::vector<std::int32_t>& ids() const override { return ids_; }  // prompt and new ones
  std::int64_t longest() const override { return result_.prompt_tokens + count_; }
  std::int64_t first_scored() const override { return std::ssize(ids_) - 1; }
  void take(std::span<float> scores) override;  // chooses the next token
  bool ended() const override { return ended_; }
  void stop() override;
  void found(std::int64_t tokens) override;
  void finish() override;

  Generation& result() { return result_; }

 private:
  double seconds_since_start();  // and starts again

  GenerateOptions options_;
  OnToken on_token_;
  std::function<void(Generation&)> on_end_;
  Sampler sampler_;
  std::vector<std::int32_t> ids_;
  std::int64_t count_ = 0, least_ = 0;  // of new tokens
  std::optional<std::int32_t> last_;    // what a full length must end with
  bool ended_ = false;
  Generation result_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();  // of the prompt, then of the rest
};

}  // namespace linnet::generate
