// The growing text of one request: chooses the next token and decides when it ends.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "linnet/generate/generator.h"
#include "linnet/generate/text.h"
#include "linnet/generate/text_rules.h"

namespace linnet::generate {

struct Request {
  std::vector<std::int32_t> prompt = {};  // of an encoder-decoder: the decoder's; empty: its start token
  GenerateOptions options = {};           // its `interrupted` is ignored: the engine has its own
  OnToken on_token = {};
  std::function<void(Generation&)> on_end = {};             // called once, also if cancelled (kStop)
  std::shared_ptr<const nn::SequenceAdapter> adapter = {};  // null: the model's own
  std::vector<std::int32_t> encoder_ids = {};               // of an encoder-decoder: the text that it reads
  // Called after on_token with all tokens so far; if false, the text ends. Not with beams.
  std::function<bool(const Generation& so_far)> on_step = {};
};

class Continuation : public Text {
 public:
  // Throws like generate().
  Continuation(const models::Model& model, Request request);

  const std::vector<std::int32_t>& ids() const override { return ids_; }  // prompt and new tokens
  std::int64_t longest() const override { return rules_.prompt() + rules_.count(); }
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
  std::function<bool(const Generation&)> on_step_;
  std::function<void(Generation&)> on_end_;
  Sampler sampler_;
  std::vector<std::int32_t> ids_;
  TextRules rules_;
  bool ended_ = false;
  Generation result_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();  // for the prompt, then for the rest
};

}  // namespace linnet::generate
