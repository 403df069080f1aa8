// Gradients of operations against central differences, on the reference backend.
//
//   check_gradients([](const auto& in) { return multiply(in[0], in[1]); }, {random_tensor({2, 3}, 1), random_tensor({2,
//   3}, 2)});
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "linnet/backend/backend.h"
#include "linnet/base/error.h"
#include "linnet/base/rng.h"
#include "linnet/ops/ops.h"

namespace linnet::testing {

using Fn = std::function<Tensor(const std::vector<Tensor>&)>;

inline Tensor random_tensor(const Shape& shape, std::uint64_t seed, float scale = 1.0f) {
  Rng rng(seed);
  Tensor t = Tensor::empty(shape);
  for (float& value : t.data<float>()) value = scale * rng.normal();
  return t;
}

// Weighted sum in double: the rounding of a float loss would dominate the differences.
inline double weighted_sum(const Tensor& values, const Tensor& weights) {
  const Tensor row_major = contiguous(values);
  double sum = 0;
  for (std::int64_t i = 0; i < values.numel(); ++i)
    sum += static_cast<double>(row_major.data<float>()[static_cast<std::size_t>(i)]) *
           weights.data<float>()[static_cast<std::size_t>(i)];
  return sum;
}

// Checks every element of every input that requires a gradient (all inputs if none does). A step of 2^-7 leaves the
// difference an error of some step^2 = 6e-5 from curvature and of 2^-24 sqrt(outputs) / step = 1e-5 from rounding; the
// functions here curve by a few units, hence 1e-3 of the gradient's size.
inline void check_gradients(const Fn& fn, std::vector<Tensor> inputs, double tolerance = 1e-3) {
  const auto reference = make_reference_backend();
  const BackendGuard guard(*reference);
  bool chosen = false;
  for (const Tensor& input : inputs) chosen = chosen || input.requires_grad();
  if (!chosen)
    for (Tensor& input : inputs) input.set_requires_grad();
  for (const Tensor& input : inputs) input.set_grad({});
  Tensor weights;
  {
    const GradGuard on(true);
    const Tensor y = fn(inputs);
    ASSERT_TRUE(y.node()) << "nothing was recorded";
    weights = random_tensor(y.shape(), 99);
    backward(sum(multiply(contiguous(y), weights)));
  }
  constexpr float kStep = 0x1p-7f;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    if (!inputs[k].requires_grad()) {
      EXPECT_FALSE(inputs[k].grad()) << "input " << k << " got a gradient";
      continue;
    }
    ASSERT_TRUE(inputs[k].grad()) << "input " << k << " got no gradient";
    ASSERT_EQ(inputs[k].grad().shape(), inputs[k].shape());
    const auto values = inputs[k].data<float>(), found = inputs[k].grad().data<float>();
    double size = 1;
    for (const float g : found) size = std::max(size, std::fabs(static_cast<double>(g)));
    for (std::size_t i = 0; i < values.size(); ++i) {
      const float before = values[i];
      values[i] = before + kStep;
      const double up = weighted_sum(fn(inputs), weights);
      values[i] = before - kStep;
      const double down = weighted_sum(fn(inputs), weights);
      values[i] = before;
      ASSERT_NEAR(found[i], (up - down) / (2 * static_cast<double>(kStep)), tolerance * size)
          << "input " << k << ", element " << i;
    }
  }
}

// Expects that `fn` throws kInvalidArgument (or `kind`) with all of `parts` in its message.
inline void expect_refused(const std::function<void()>& fn, const std::vector<std::string>& parts,
                           ErrorKind kind = ErrorKind::kInvalidArgument) {
  try {
    fn();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind);
    for (const std::string& part : parts)
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

inline std::vector<float> values_of(const Tensor& t) {
  const auto span = t.data<float>();
  return {span.begin(), span.end()};
}

}  // namespace linnet::testing
