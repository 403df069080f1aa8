// Cases of tests/fixtures/metrics.json with the values of the reference implementations (tools/fixtures/metrics.py).
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "linnet/base/json.h"

namespace linnet::test {

inline const Json& metric_cases(const char* family) {
  static const Json all = read_json(LINNET_SOURCE_DIR "/tests/fixtures/metrics.json");
  return all.at(family);
}

template <class T>
std::vector<T> list_of(const Json& list) {
  std::vector<T> values;
  for (const Json& value : list) values.push_back(value.get<T>());
  return values;
}
template <class T>
std::vector<std::vector<T>> lists_of(const Json& lists) {
  std::vector<std::vector<T>> values;
  for (const Json& list : lists) values.push_back(list_of<T>(list));
  return values;
}

// Null is NaN.
inline void expect_value(double found, const Json& expected, const std::string& what) {
  if (expected.is_null())
    EXPECT_TRUE(std::isnan(found)) << what << ": " << found;
  else
    EXPECT_NEAR(found, expected.get<double>(), 1e-9) << what;
}

}  // namespace linnet::test
