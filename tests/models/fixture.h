// The tiny checkpoints of tests/fixtures and their results with the reference library.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "linnet/io/checkpoint.h"
#include "linnet/models/model.h"

namespace linnet {

inline std::filesystem::path fixtures() { return std::filesystem::path(LINNET_SOURCE_DIR) / "tests/fixtures"; }

// Every "<family>/<case>" that has the file.
inline std::vector<std::string> fixture_cases(const char* file) {
  std::vector<std::string> cases;
  for (const auto& family : std::filesystem::directory_iterator(fixtures())) {
    if (!family.is_directory() || family.path().filename() == "adapters") continue;
    for (const auto& c : std::filesystem::directory_iterator(family.path()))
      if (std::filesystem::exists(c.path() / file))
        cases.push_back(family.path().filename().string() + "/" + c.path().filename().string());
  }
  std::sort(cases.begin(), cases.end());
  return cases;
}

// "llama/rope-yarn" -> "llama_rope_yarn", for gtest's names.
inline std::string case_name(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

class Expected {
 public:
  explicit Expected(const std::filesystem::path& file) : reader_(CheckpointReader::open(file)) {}
  bool has(std::string_view name) const { return reader_->has(name); }
  Tensor floats(std::string_view name) const { return reader_->read(name); }
  std::vector<std::string> names() const { return {reader_->names().begin(), reader_->names().end()}; }
  std::string metadata(const std::string& key) const { return reader_->metadata().at(key); }
  std::vector<std::int32_t> ids(std::string_view name) const {
    std::vector<std::int32_t> out;
    const Tensor t = reader_->read(name);
    for (const std::int64_t v : t.data<std::int64_t>()) out.push_back(static_cast<std::int32_t>(v));
    return out;
  }
  // [batch, length] integers as rows.
  std::vector<std::vector<std::int32_t>> rows(std::string_view name) const {
    const Tensor t = reader_->read(name);
    const auto flat = ids(name);
    std::vector<std::vector<std::int32_t>> out;
    for (std::int64_t r = 0; r < t.size(0); ++r)
      out.emplace_back(flat.begin() + r * t.size(1), flat.begin() + (r + 1) * t.size(1));
    return out;
  }
  nn::PaddedBatch batch(const std::string& prefix = "") const {
    nn::PaddedBatch b{rows(prefix + "input_ids"), rows(prefix + "attention_mask"), {}};
    if (has(prefix + "token_type_ids")) b.type_ids = rows(prefix + "token_type_ids");
    return b;
  }
  // The unmasked rows of a padded tensor [batch, length, …] as a matrix; [batch, n] is returned unchanged.
  std::vector<float> kept(std::string_view name, const std::vector<std::vector<std::int32_t>>& mask) const {
    const Tensor t = reader_->read(name);
    const auto values = t.data<float>();
    if (t.rank() == 2 && static_cast<std::size_t>(t.size(1)) != mask.front().size())
      return {values.begin(), values.end()};
    const std::int64_t width = t.rank() == 2 ? 1 : t.size(2);
    std::vector<float> out;
    std::int64_t at = 0;
    for (const auto& row : mask)
      for (const std::int32_t m : row) {
        if (m != 0) out.insert(out.end(), values.begin() + at, values.begin() + at + width);
        at += width;
      }
    return out;
  }

 private:
  std::unique_ptr<CheckpointReader> reader_;
};

// |difference| within `tolerance` of max(1, |expected|), everywhere.
inline void expect_close(std::span<const float> got, std::span<const float> expected, double tolerance,
                         const std::string& what) {
  ASSERT_EQ(got.size(), expected.size()) << what;
  double worst = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double off =
        std::abs(static_cast<double>(got[i]) - expected[i]) / std::max(1.0, std::abs(static_cast<double>(expected[i])));
    if (!(off <= worst)) worst = off, at = i;
  }
  EXPECT_LE(worst, tolerance) << what << ": worst at " << at << ": " << (got.empty() ? 0 : got[at]) << " for "
                              << (got.empty() ? 0 : expected[at]);
}

}  // namespace linnet
