// Completes prompts, each n times: the job behind /v1/completions, /v1/chat/completions and /completion. A sink gets
// the new text of each choice as soon as it is certain, with the log-probabilities of its tokens.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "linnet/generate/stop_text.h"
#include "linnet/serve/call.h"

namespace linnet::serve {

struct PromptInput {
  std::vector<std::int32_t> ids;  // with special tokens
  std::string text = {};          // for `echo`
  std::int64_t opening = 0;       // first tokens that are not in the text
};

struct TextRequest {
  std::vector<PromptInput> prompts;
  std::int64_t n = 1;  // choices of a prompt; choice c belongs to prompt c / n
  generate::GenerateOptions options = {};
  std::vector<std::string> stops = {};
  std::optional<std::int64_t> logprobs = {};  // number of likeliest tokens beside each token
  bool echo = false;                          // text and log-probabilities begin with the prompt's
};

struct TokenChance {
  std::int32_t id;
  std::optional<double> logprob;  // unset: the first token of a prompt
  std::vector<generate::TokenLogprob> top = {};
  std::int64_t offset = 0;  // characters of the choice's text before it
};

struct TextPart {
  std::size_t choice = 0;
  std::string text = {};
  std::vector<TokenChance> tokens = {};  // if the request asks for log-probabilities
  std::optional<generate::FinishReason> finish = {};
};

struct TextUsage {
  std::int64_t prompt = 0, cached = 0, completion = 0;
  Json json() const;
};

class TextSink {
 public:
  virtual ~TextSink() = default;
  virtual void part(const TextPart& part) = 0;  // the last one of a choice has `finish`
  virtual void end(const TextUsage& usage) = 0;
  virtual void fail(const std::exception_ptr& why) = 0;
};

class TextJob : public Job {
 public:
  TextJob(ServedModel& model, Metrics& metrics, TextRequest request, std::unique_ptr<TextSink> sink);

  std::size_t sequences() const override { return request_.prompts.size() * static_cast<std::size_t>(request_.n); }
  void begin(std::size_t index, const std::shared_ptr<Sequence>& sequence) override;
  void finish() override { sink_->end(usage_); }
  void fail(const std::exception_ptr& why) override { sink_->fail(why); }

 private:
  struct Choice;
  const PromptInput& prompt_of(std::size_t choice) const {
    return request_.prompts[choice / static_cast<std::size_t>(request_.n)];
  }
  void score_prompt(const std::shared_ptr<Choice>& choice);
  void generate(const std::shared_ptr<Choice>& choice);
  bool take(Choice& choice, const generate::Generation& so_far);
  void close(Choice& choice, generate::Generation& whole);
  void show(Choice& choice, std::string text, std::optional<generate::FinishReason> finish);
  void count_time(Choice& choice);

  ServedModel& model_;
  Metrics& metrics_;
  TextRequest request_;
  std::unique_ptr<TextSink> sink_;
  TextUsage usage_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// The most likely tokens, best first.
std::vector<generate::TokenLogprob> top_tokens(std::span<const float> logprobs, std::int64_t count);

}  // namespace linnet::serve
