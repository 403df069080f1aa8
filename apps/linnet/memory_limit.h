// --memory: a limit on weights, KV cache and scratch.
//
//   const MemoryLimit limit(files.model, models::WeightType::kAuto, bytes);
//   limit.check(prompt_tokens + new_tokens);   // kRuntime with both numbers if over the limit
#pragma once

#include <cstddef>
#include <cstdint>

#include "linnet/models/summary.h"

namespace linnet::app {

class MemoryLimit {
 public:
  // Reads the headers of the model, without weights.
  MemoryLimit(const models::ModelFiles& model, models::WeightType type, std::size_t bytes)
      : summary_(models::summarize(model)), type_(type), bytes_(bytes) {}
  void check(std::int64_t positions) const;

 private:
  models::Summary summary_;
  models::WeightType type_;
  std::size_t bytes_;
};

}  // namespace linnet::app
