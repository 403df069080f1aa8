// A text that an engine computes: its tokens, what is made of the scores behind them, and what goes on from its end.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace linnet::generate {

class Text {
 public:
  virtual ~Text() = default;

  virtual const std::vector<std::int32_t>& ids() const = 0;
  virtual std::int64_t longest() const = 0;  // tokens that it, or what goes on from it, may come to
  // The place of the first token, from here to the end, whose scores it has not taken and wants.
  virtual std::int64_t first_scored() const = 0;
  // The scores [vocab] behind token first_scored(), which it may change.
  virtual void take(std::span<float> scores) = 0;
  virtual bool ended() const = 0;
  virtual void stop() = 0;  // ends it, and what goes on from it

  // Once it has ended: the texts that begin with it, if any; none of one that was stopped.
  virtual std::vector<std::unique_ptr<Text>> next() { return {}; }
  virtual bool goes_on() const { return true; }   // its keys and values are read after its last token was computed
  virtual void found(std::int64_t /*tokens*/) {}  // so many of its tokens need not be computed
  virtual void finish() = 0;                      // calls back; once, after it has ended
};

}  // namespace linnet::generate
