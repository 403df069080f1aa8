// The beams of one request, as texts of an engine: a text is a beam of one step, and the beams of the next step that
// continue it share its blocks. The search advances when every beam of a step has its logits.
#pragma once

#include <memory>
#include <vector>

#include "linnet/generate/continuation.h"

namespace linnet::generate {

class BeamText : public Text {
 public:
  // The prompt. Throws like generate().
  BeamText(const models::Model& model, Request request);

  const std::vector<std::int32_t>& ids() const override { return ids_; }
  std::int64_t longest() const override;
  std::int64_t first_scored() const override { return std::ssize(ids_) - (taken_ ? 0 : 1); }
  void prepare(std::span<float> scores) override;
  void take(std::span<float> scores) override;
  std::int64_t texts() const override;
  bool ended() const override;
  void stop() override;
  std::vector<std::unique_ptr<Text>> next() override;
  void found(std::int64_t tokens) override;
  void finish() override;

 private:
  struct Shared;
  BeamText(std::shared_ptr<Shared> shared, std::size_t beam);

  std::shared_ptr<Shared> shared_;
  std::size_t beam_;       // its index in the step
  std::int64_t step_ = 0;  // number of new tokens
  bool taken_ = false;     // has it its logits?
  std::vector<std::int32_t> ids_;
};

}  // namespace linnet::generate
