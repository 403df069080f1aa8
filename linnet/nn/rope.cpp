#include "linnet/nn/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "linnet/base/error.h"

namespace linnet::nn {
namespace {

double original_length(const TransformerConfig& c, const Rope& rope) {
  return rope.original_max_positions > 0 ? rope.original_max_positions : static_cast<double>(c.max_positions);
}

std::vector<float> plain(double theta, std::int64_t dims) {
  std::vector<float> inverse;
  for (std::int64_t i = 0; i < dims; i += 2)
    inverse.push_back(1.0f / std::pow(static_cast<float>(theta), static_cast<float>(i) / static_cast<float>(dims)));
  return inverse;
}

// NTK-aware: the base grows with the length past the trained length.
std::vector<float> dynamic(const TransformerConfig& c, const Rope& rope, std::int64_t dims, std::int64_t length) {
  const double trained = static_cast<double>(c.max_positions), n = std::max(static_cast<double>(length), trained);
  const double grown = rope.factor * n / trained - (rope.factor - 1);
  const auto d = static_cast<double>(dims);
  return plain(rope.theta * std::pow(grown, d / (d - 2)), dims);
}

std::vector<float> llama3(const Rope& rope, std::vector<float> inverse, double original) {
  const double low = original / rope.low_freq_factor, high = original / rope.high_freq_factor;
  for (float& f : inverse) {
    const double wavelength = 2 * std::numbers::pi / f;
    if (wavelength < high) continue;
    const double scaled = f / rope.factor;
    if (wavelength > low) {
      f = static_cast<float>(scaled);
    } else {
      const double smooth =
          (original / wavelength - rope.low_freq_factor) / (rope.high_freq_factor - rope.low_freq_factor);
      f = static_cast<float>((1 - smooth) * scaled + smooth * f);
    }
  }
  return inverse;
}

double yarn_mscale(double scale, double mscale) { return scale <= 1 ? 1.0 : 0.1 * mscale * std::log(scale) + 1.0; }

RopeFrequencies yarn(const Rope& rope, std::int64_t dims, double original) {
  const auto dimension_of = [&](double rotations) {
    return static_cast<double>(dims) * std::log(original / (rotations * 2 * std::numbers::pi)) /
           (2 * std::log(rope.theta));
  };
  double low = dimension_of(rope.beta_fast), high = dimension_of(rope.beta_slow);
  if (rope.truncate) low = std::floor(low), high = std::ceil(high);
  low = std::max(low, 0.0);
  high = std::min(high, static_cast<double>(dims - 1));
  if (low == high) high += 0.001;
  RopeFrequencies result{plain(rope.theta, dims), rope.attention_factor};
  for (std::size_t i = 0; i < result.inverse.size(); ++i) {
    const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    const double kept = result.inverse[i], stretched = kept / rope.factor;
    result.inverse[i] = static_cast<float>(stretched * ramp + kept * (1 - ramp));
  }
  if (result.scale == 0) {
    result.scale = rope.mscale != 0 && rope.mscale_all_dim != 0
                       ? yarn_mscale(rope.factor, rope.mscale) / yarn_mscale(rope.factor, rope.mscale_all_dim)
                       : yarn_mscale(rope.factor, 1);
  }
  return result;
}

RopeFrequencies long_rope(const TransformerConfig& c, const Rope& rope, std::int64_t dims, double original,
                          std::int64_t length) {
  const auto& factors = static_cast<double>(length) > original ? rope.long_factor : rope.short_factor;
  RopeFrequencies result{plain(rope.theta, dims), rope.attention_factor};
  check(factors.size() == result.inverse.size(), ErrorKind::kBadInput,
        "config.json: rope scaling has {} factors for {} frequencies", factors.size(), result.inverse.size());
  for (std::size_t i = 0; i < factors.size(); ++i) result.inverse[i] /= static_cast<float>(factors[i]);
  if (result.scale == 0) {
    result.scale = rope.factor <= 1 ? 1.0 : std::sqrt(1 + std::log(rope.factor) / std::log(original));
  }
  return result;
}

void fill_row(const RopeFrequencies& f, std::int64_t position, float* cosine, float* sine) {
  for (std::size_t i = 0; i < f.inverse.size(); ++i) {
    const float angle = static_cast<float>(position) * f.inverse[i];
    cosine[i] = static_cast<float>(std::cos(static_cast<double>(angle)) * f.scale);
    sine[i] = static_cast<float>(std::sin(static_cast<double>(angle)) * f.scale);
  }
}

RotaryTable empty_table(std::int64_t rows, std::int64_t pairs) {
  return {Tensor::empty({rows, pairs}), Tensor::empty({rows, pairs})};
}

RotaryTable on_device(const RotaryTable& table, Device device) {
  return {table.cosine.to(device), table.sine.to(device)};
}

}  // namespace

std::int64_t rotary_dims(std::int64_t head_dim, double partial) {
  // A whole number divided by head_dim may be a little less than it after the product.
  const double dims = static_cast<double>(head_dim) * partial;
  return static_cast<std::int64_t>(dims + 1e-9 * dims);
}

bool depends_on_length(RopeKind kind) { return kind == RopeKind::kDynamic || kind == RopeKind::kLongRope; }

RopeFrequencies rope_frequencies(const TransformerConfig& config, const Rope& rope, std::int64_t length) {
  const std::int64_t dims = rotary_dims(config.head_dim, rope.partial);
  const double original = original_length(config, rope);
  switch (rope.kind) {
    case RopeKind::kDefault:
      return {plain(rope.theta, dims)};
    case RopeKind::kLinear: {
      RopeFrequencies f{plain(rope.theta, dims)};
      for (float& x : f.inverse) x /= static_cast<float>(rope.factor);
      return f;
    }
    case RopeKind::kDynamic:
      return {dynamic(config, rope, dims, length)};
    case RopeKind::kLlama3:
      return {llama3(rope, plain(rope.theta, dims), original)};
    case RopeKind::kYarn:
      return yarn(rope, dims, original);
    case RopeKind::kLongRope:
      return long_rope(config, rope, dims, original, length);
  }
  fail(ErrorKind::kInvalidArgument, "[rope] unknown kind {}", static_cast<int>(rope.kind));
}

const RotaryTable& RopeCache::table(const TransformerConfig& config, const Rope& rope, std::int64_t length,
                                    Device device) {
  if (table_.cosine && length <= table_.cosine.size(0) && table_.cosine.device() == device) return table_;
  const RopeFrequencies f = rope_frequencies(config, rope, length);
  const std::int64_t positions = std::max<std::int64_t>(256, (length + 255) / 256 * 256);
  const auto pairs = static_cast<std::int64_t>(f.inverse.size());
  const RotaryTable table = empty_table(positions, pairs);
  for (std::int64_t p = 0; p < positions; ++p)
    fill_row(f, p, table.cosine.data<float>().data() + p * pairs, table.sine.data<float>().data() + p * pairs);
  table_ = on_device(table, device);
  return table_;
}

RotaryTable RopeCache::per_row(const TransformerConfig& config, const Rope& rope,
                               std::span<const std::int32_t> positions, std::span<const std::int32_t> lengths,
                               Device device) {
  RotaryTable table;
  RopeFrequencies f;
  for (std::size_t r = 0; r < positions.size(); ++r) {
    if (r == 0 || lengths[r] != lengths[r - 1]) f = rope_frequencies(config, rope, lengths[r]);
    const auto pairs = static_cast<std::int64_t>(f.inverse.size()), at = static_cast<std::int64_t>(r) * pairs;
    if (r == 0) table = empty_table(static_cast<std::int64_t>(positions.size()), pairs);
    fill_row(f, positions[r], table.cosine.data<float>().data() + at, table.sine.data<float>().data() + at);
  }
  return positions.empty() ? table : on_device(table, device);
}

}  // namespace linnet::nn
