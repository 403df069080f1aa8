// A report about a dataset for its user, before training.
//
//   DataReport report = describe(splits.train, &*splits.valid, lengths, /*max_length=*/512);
//   std::cerr << report.text();
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "linnet/base/json.h"
#include "linnet/data/dataset.h"

namespace linnet {

struct LengthSummary {
  std::int64_t shortest = 0, median = 0, p95 = 0, longest = 0;
  double mean = 0;
};

struct DataReport {
  std::int64_t rows = 0, valid_rows = 0;
  std::vector<std::string> classes;
  std::vector<std::int64_t> class_rows;    // rows per class
  LengthSummary lengths;                   // in the unit of the `lengths` of describe()
  std::int64_t max_length = 0;             // 0: no truncation
  std::int64_t truncated = 0;              // rows longer than max_length
  std::int64_t cut = 0;                    // units lost by truncation
  std::int64_t duplicates = 0;             // rows of train that are equal to an earlier row of train
  std::int64_t conflicting = 0;            // of those, rows with another label than the earlier one
  std::int64_t leaked = 0;                 // rows of valid that are also in train
  std::vector<std::string> leaked_places;  // the first few, file:line
  std::vector<std::string> warnings;       // sentences: imbalance, leaks, conflicts, empty classes

  std::string text() const;  // lines for stderr
  Json json() const;
};

// `lengths`: tokens of every training row, in order; empty: counts characters.
DataReport describe(const Dataset& train, const Dataset* valid = nullptr, std::span<const std::int64_t> lengths = {},
                    std::int64_t max_length = 0);

}  // namespace linnet
