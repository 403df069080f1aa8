// Minimises a smooth function with limited-memory BFGS (Nocedal and Wright, Numerical Optimization, 2006, algorithms
// 7.4 and 7.5).
//
//   std::vector<double> x(n, 0.0);
//   minimize(x, [&](const std::vector<double>& at, std::vector<double>& gradient) { …; return value; });
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace linnet {

struct LbfgsOptions {
  std::size_t memory = 10;        // pairs of steps and gradient changes
  std::size_t iterations = 1000;  // at most
  double tolerance = 1e-4;        // largest absolute gradient at the end
};

// The value at a point; writes the gradient, which has the size of the point.
using SmoothFunction = std::function<double(const std::vector<double>& point, std::vector<double>& gradient)>;

// Moves `point` to a minimum; returns false if it ended before the tolerance was reached.
bool minimize(std::vector<double>& point, const SmoothFunction& function, const LbfgsOptions& options = {});

}  // namespace linnet
