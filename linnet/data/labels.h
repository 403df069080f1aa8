// Labels of a dataset: names or numbers in the file, ids in memory.
//
//   LabelTable table({}, values);        // {"neg", "pos"} from the values seen
//   table.id("pos", "train.jsonl:3")     // 1
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "linnet/base/json.h"
#include "linnet/data/dataset.h"

namespace linnet {

// Absent, null or empty text: the row has no label.
bool no_label(const Json& value);

// What a column of such values holds; texts that look like numbers count as numbers.
LabelKind guess_label_kind(const std::vector<const Json*>& values);

class LabelTable {
 public:
  // `known` wins; else the distinct values: 0 … n-1 if they are just those integers, else sorted (integers by value).
  LabelTable(std::vector<std::string> known, const std::vector<const Json*>& values);

  // The id of one value (not an array). Throws kBadInput naming `place` and the value.
  std::int32_t id(const Json& value, std::string_view place) const;
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::int32_t> ids_;
};

// A number to regress. Throws kBadInput naming `place` and the value.
double label_value(const Json& value, std::string_view place);

// The single labels of a multi-label value: the elements of an array, or a text cut at commas.
std::vector<Json> label_list(const Json& value);

}  // namespace linnet
