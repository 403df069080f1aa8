// A text that an engine computes: its tokens, the use of their logits, and the texts that continue it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace linnet::generate {

using RequestId = std::uint64_t;

enum class FinishReason : std::uint8_t { kStop, kLength };

class Text {
 public:
  virtual ~Text() = default;

  virtual const std::vector<std::int32_t>& ids() const = 0;
  virtual std::int64_t longest() const = 0;  // maximum number of tokens of it and of texts that continue it
  // Position of the first token whose logits it still needs; after the last one: it waits for other texts.
  virtual std::int64_t first_scored() const = 0;
  // Receives the logits [vocab] after token first_scored(); may modify them. `prepare` gets the same ones before, on
  // any thread, while others prepare; it may be called again without `take`.
  virtual void prepare(std::span<float> /*scores*/) {}
  virtual void take(std::span<float> scores) = 0;
  virtual std::int64_t texts() const { return 1; }  // maximum number of texts of its request that need each other
  virtual bool ended() const = 0;
  virtual void stop() = 0;  // ends it and the texts that continue it

  // After it has ended: the texts that continue it; none if it was stopped.
  virtual std::vector<std::unique_ptr<Text>> next() { return {}; }
  virtual bool goes_on() const { return true; }   // are its keys and values read after its last token?
  virtual void found(std::int64_t /*tokens*/) {}  // this number of its tokens is in the cache
  virtual void finish() = 0;                      // runs the callback; called once after it has ended
};

}  // namespace linnet::generate
