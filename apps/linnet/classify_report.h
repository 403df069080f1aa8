// How `linnet classify` shows its answers: a line a text, and what they add up to where the right ones are known.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/base/json.h"
#include "linnet/tasks/classify.h"
#include "linnet/train/objective.h"

namespace linnet::app {

enum class OutputStyle : std::uint8_t { kTable, kJson };

class ClassifyReport {
 public:
  // `top_k`: labels shown of each text; 0: all.
  ClassifyReport(OutputStyle style, std::vector<std::string> labels, std::int64_t top_k);

  // `expected`: index of the right label, -1 where nobody said.
  void add(std::string_view text, const tasks::Classification& answer, std::int32_t expected);
  // Accuracy and macro-F1 over the texts whose label was given; nothing where none was.
  void finish();

 private:
  Json json_of(const tasks::Classification& answer) const;
  std::string row_of(std::string_view text, const tasks::Classification& answer) const;

  OutputStyle style_;
  std::vector<std::string> labels_;
  std::size_t shown_;
  std::size_t label_width_ = 5;  // of the first column
  std::int64_t texts_ = 0, abstained_ = 0;
  std::vector<Prediction> predictions_;
};

}  // namespace linnet::app
