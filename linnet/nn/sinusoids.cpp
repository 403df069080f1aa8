#include "linnet/nn/sinusoids.h"

#include <cmath>
#include <vector>

#include "linnet/base/parallel.h"

namespace linnet::nn {

Tensor sinusoids(std::span<const std::int32_t> positions, std::int64_t width, Sines sines) {
  std::vector<double> frequencies;
  for (std::int64_t i = 0; i < width; i += 2)
    frequencies.push_back(std::pow(10000.0, static_cast<double>(i) / static_cast<double>(width)));
  const auto half = static_cast<std::int64_t>(frequencies.size());  // an odd width has one sine more
  Tensor table = Tensor::empty({std::ssize(positions), width});
  float* const values = table.data<float>().data();
  parallel_for(std::ssize(positions), 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row)
      for (std::int64_t i = 0; i < half; ++i) {
        const double angle = positions[static_cast<std::size_t>(row)] / frequencies[static_cast<std::size_t>(i)];
        const bool apart = sines == Sines::kFirstHalf;
        float* const at = values + row * width;
        at[apart ? i : 2 * i] = static_cast<float>(std::sin(angle));
        const std::int64_t cosine = apart ? half + i : 2 * i + 1;
        if (cosine < width) at[cosine] = static_cast<float>(std::cos(angle));
      }
  });
  return table;
}

}  // namespace linnet::nn
