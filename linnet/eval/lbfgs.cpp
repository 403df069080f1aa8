#include "linnet/eval/lbfgs.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <utility>

#include "linnet/base/error.h"

namespace linnet {
namespace {

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

void add_scaled(std::vector<double>& to, double scale, const std::vector<double>& values) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += scale * values[i];
}

double largest(const std::vector<double>& values) {
  double most = 0;
  for (const double v : values) most = std::max(most, std::abs(v));
  return most;
}

struct Pair {
  std::vector<double> step, change;  // of the point, of the gradient
  double curvature;                  // their product
};

// The two-loop recursion: an approximation of the inverse Hessian times the gradient, negated.
std::vector<double> descent(const std::vector<double>& gradient, const std::deque<Pair>& pairs) {
  std::vector<double> direction = gradient;
  std::vector<double> weights(pairs.size());
  for (std::size_t k = pairs.size(); k-- > 0;) {
    weights[k] = dot(pairs[k].step, direction) / pairs[k].curvature;
    add_scaled(direction, -weights[k], pairs[k].change);
  }
  const double scale = pairs.empty() ? 1 / std::max(1.0, std::sqrt(dot(gradient, gradient)))
                                     : pairs.back().curvature / dot(pairs.back().change, pairs.back().change);
  for (double& d : direction) d *= scale;
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    const double weight = dot(pairs[k].change, direction) / pairs[k].curvature;
    add_scaled(direction, weights[k] - weight, pairs[k].step);
  }
  for (double& d : direction) d = -d;
  return direction;
}

struct Place {
  std::vector<double> point, gradient;
  double value;
};

// A step along `direction` that satisfies Wolfe's conditions, by bisection; false if none is found.
bool step_along(const std::vector<double>& direction, const SmoothFunction& function, Place& place) {
  constexpr double kDecrease = 1e-4, kCurvature = 0.9;
  constexpr int kMostTrials = 60;
  const double slope = dot(place.gradient, direction);
  double low = 0, high = INFINITY, length = 1;
  Place next{place.point, place.gradient, 0};
  for (int trial = 0; trial < kMostTrials; ++trial) {
    next.point = place.point;
    add_scaled(next.point, length, direction);
    next.value = function(next.point, next.gradient);
    if (!(next.value <= place.value + kDecrease * length * slope))
      high = length;
    else if (dot(next.gradient, direction) < kCurvature * slope)
      low = length;
    else {
      place = std::move(next);
      return true;
    }
    length = std::isinf(high) ? 2 * low : (low + high) / 2;
  }
  return false;
}

}  // namespace

bool minimize(std::vector<double>& point, const SmoothFunction& function, const LbfgsOptions& options) {
  Place place{point, std::vector<double>(point.size()), 0};
  place.value = function(place.point, place.gradient);
  std::deque<Pair> pairs;
  bool reached = largest(place.gradient) <= options.tolerance;
  for (std::size_t i = 0; i < options.iterations && !reached; ++i) {
    const Place before = place;
    if (!step_along(descent(place.gradient, pairs), function, place)) {
      if (pairs.empty()) break;  // the gradient itself is no descent any more: rounding
      pairs.clear();
      continue;
    }
    Pair pair{place.point, place.gradient, 0};
    add_scaled(pair.step, -1, before.point);
    add_scaled(pair.change, -1, before.gradient);
    pair.curvature = dot(pair.step, pair.change);
    if (pair.curvature > 0) pairs.push_back(std::move(pair));
    if (pairs.size() > options.memory) pairs.pop_front();
    reached = largest(place.gradient) <= options.tolerance;
  }
  point = std::move(place.point);
  return reached;
}

}  // namespace linnet
