// Texts whose ids with the tiny tokenizers of tests/fixtures are the reference's rows: "w5 w6" is 5, 6.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "linnet/base/json.h"
#include "linnet/data/text_source.h"
#include "tests/models/fixture.h"

namespace linnet::test {

inline std::string words(const std::vector<std::int32_t>& ids) {
  std::string text;
  for (const std::int32_t id : ids) text += (text.empty() ? "w" : " w") + std::to_string(id);
  return text;
}

// As --ids takes them: "5,6".
inline std::string joined(std::span<const std::int32_t> ids) {
  std::string text;
  for (const std::int32_t id : ids) text += (text.empty() ? "" : ",") + std::to_string(id);
  return text;
}

// One row of a fixture's batch without padding, and the reference's results.
struct FixtureRow {
  std::vector<std::int32_t> ids;
  std::vector<float> logits;  // [length or 1, width]
  std::size_t width = 0;

  double log_softmax(std::size_t at, std::size_t column) const {
    double sum = 0;
    for (std::size_t i = 0; i < width; ++i) sum += std::exp(static_cast<double>(logits[at * width + i]));
    return logits[at * width + column] - std::log(sum);
  }
};

inline std::vector<FixtureRow> fixture_rows(const std::string& name) {
  const Expected expected(fixtures() / name / "expected.safetensors");
  const nn::PaddedBatch batch = expected.batch();
  const Tensor logits = expected.floats("logits");
  const auto values = logits.data<float>();
  const auto width = static_cast<std::size_t>(logits.size(logits.rank() - 1));
  const std::size_t each = values.size() / batch.ids.size();
  std::vector<FixtureRow> rows;
  for (std::size_t r = 0; r < batch.ids.size(); ++r) {
    FixtureRow& row = rows.emplace_back();
    for (std::size_t i = 0; i < batch.ids[r].size(); ++i)
      if (batch.mask[r][i] != 0) row.ids.push_back(batch.ids[r][i]);
    row.logits.assign(values.begin() + static_cast<std::ptrdiff_t>(r * each),
                      values.begin() + static_cast<std::ptrdiff_t>((r + 1) * each));
    row.width = width;
  }
  return rows;
}

inline std::string model(const std::string& name) { return (fixtures() / name).string(); }

// The JSON values of lines.
inline std::vector<Json> json_lines(const std::string& out) {
  std::vector<Json> lines;
  LineReader reader(out);
  for (std::string_view line; reader.next(line);) lines.push_back(parse_json(line, "stdout"));
  return lines;
}

// The entry of a list of objects whose `key` is `value`, or null.
inline Json entry(const Json& list, const char* key, const std::string& value) {
  for (const Json& item : list)
    if (item.at(key) == value) return item;
  return nullptr;
}

}  // namespace linnet::test
