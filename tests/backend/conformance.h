// Requirements of every backend: the reference's results within the rounding of f32 sums, for unusual sizes and
// strides, and no write outside its outputs.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "linnet/backend/backend.h"
#include "linnet/tensor/blocks.h"
#include "tests/backend/compare.h"

namespace linnet::testing {

inline constexpr double kEpsilon = 0x1p-24;  // a rounding to f32, relative

// Outputs of one call between guards.
class Guarded {
 public:
  explicit Guarded(const Floats& start) : values_(start.size() + 2 * kBand, kGuard) {
    std::copy(start.begin(), start.end(), values_.begin() + kBand);
  }
  float* data() { return values_.data() + kBand; }
  Floats values() const { return {values_.begin() + kBand, values_.end() - kBand}; }
  bool intact() const {
    const auto guard = [](float v) { return v == kGuard; };
    return std::all_of(values_.begin(), values_.begin() + kBand, guard) &&
           std::all_of(values_.end() - kBand, values_.end(), guard);
  }

 private:
  static constexpr std::ptrdiff_t kBand = 64;
  Floats values_;
};

// Runs `call(backend, outputs)` on both, with the same initial outputs. `bound[i]` is the allowed error of element i; a
// single value is for all.
using Call = std::function<void(Backend&, const std::vector<float*>&)>;
inline void expect_conforms(Backend& backend, const std::vector<Floats>& start, const std::vector<Floats>& bounds,
                            const Call& call) {
  static const std::unique_ptr<Backend> reference = make_reference_backend();
  const auto run = [&](Backend& b) {
    std::vector<Guarded> outputs(start.begin(), start.end());
    std::vector<float*> pointers;
    for (Guarded& output : outputs) pointers.push_back(output.data());
    call(b, pointers);
    return outputs;
  };
  const std::vector<Guarded> found = run(backend), wanted = run(*reference);
  for (std::size_t k = 0; k < start.size(); ++k) {
    EXPECT_TRUE(found[k].intact()) << backend.name() << " wrote outside output " << k;
    const Floats f = found[k].values(), w = wanted[k].values();
    for (std::size_t i = 0; i < w.size(); ++i) {
      const double bound = bounds[k].size() == 1 ? bounds[k][0] : bounds[k][i];
      ASSERT_LE(std::fabs(static_cast<double>(f[i]) - w[i]), bound)
          << "output " << k << ", element " << i << ": " << f[i] << ", wanted " << w[i];
    }
  }
}

inline Floats absolute(Floats values) {
  for (float& value : values) value = std::fabs(value);
  return values;
}
inline Floats zeros(std::int64_t n) { return Floats(static_cast<std::size_t>(n)); }
inline double largest(const Floats& values) {
  double most = 0;
  for (const float value : values) most = std::max(most, std::fabs(static_cast<double>(value)));
  return most;
}

// A weight in a type, and its values as floats.
struct TypedWeight {
  Floats plain;
  std::shared_ptr<Storage> storage;
  WeightView view;
};
inline TypedWeight typed_weight(DType type, std::int64_t out, std::int64_t in, WeightLayout layout, bool constant) {
  TypedWeight w;
  w.plain = random_floats(out * in, 21, 0.5F);
  w.storage = Storage::allocate(row_bytes(type, out * in));
  quantize(type, w.plain, w.storage->data());
  dequantize(type, w.storage->data(), w.plain);
  w.view = {w.storage->data(), type, out, in, layout, w.storage.get(), constant};
  return w;
}

}  // namespace linnet::testing
