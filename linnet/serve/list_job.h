// A job of texts that are read, each with its part of one answer: embeddings, classifications, scores.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "linnet/serve/call.h"
#include "linnet/serve/fields.h"

namespace linnet::serve {

struct ListWork {
  std::vector<std::int64_t> tokens;  // of each text; 0: it generates
  std::function<void(std::size_t index, const std::shared_ptr<Sequence>& sequence)> begin;
  std::function<Json()> answer;  // after the last one
};

class ListJob : public Job {
 public:
  ListJob(std::shared_ptr<Call> call, ListWork work) : call_(std::move(call)), work_(std::move(work)) {
    for (const std::int64_t count : work_.tokens) all_ += count;
  }
  std::size_t sequences() const override { return work_.tokens.size(); }
  std::int64_t tokens(std::size_t index) const override { return work_.tokens[index]; }
  void begin(std::size_t index, const std::shared_ptr<Sequence>& sequence) override { work_.begin(index, sequence); }
  void finish() override {
    call_->metrics().count_tokens(all_, 0);
    call_->reply(work_.answer());
  }
  void fail(const std::exception_ptr& why) override { call_->fail(why); }

 private:
  std::shared_ptr<Call> call_;
  ListWork work_;
  std::int64_t all_ = 0;
};

inline constexpr std::size_t kMostTexts = 10'000;
// Reads a field that is a text or a list of texts; 400 if there are none.
std::vector<std::string> read_inputs(Fields& fields, const char* name);
// Runs `work` on input `index`: an error of it has the input's place.
void with_place(const char* name, std::size_t index, std::size_t count, const std::function<void()>& work);
// Each with the shortest decimal that gives the same float.
Json numbers_json(std::span<const float> values);
Json input_usage(std::int64_t tokens);

}  // namespace linnet::serve
