#include <vector>

#include "linnet/ops/internal.h"

namespace linnet {
namespace {

Tensor turn(const Tensor& x, const RotaryTable& table, std::span<const std::int32_t> positions, bool inverse) {
  Tensor y = like(x);
  backend(x.device())
      .rotary({strided(x), out(y), x.size(0), x.size(1), x.size(2), 2 * table.cosine.size(1), x.stride(0), x.stride(1),
               y.stride(0), in(table.cosine), in(table.sine), positions.data(), inverse});
  return y;
}

}  // namespace

Tensor rotary(const Tensor& x, const RotaryTable& table, std::span<const std::int32_t> positions) {
  if (x.rank() != 3 || x.stride(2) != 1)  // not `check`: the shape is formatted only on error
    fail(ErrorKind::kInvalidArgument, "[rotary] x is {}, not [rows, heads, head_dim]", to_string(x.shape()));
  check_device("rotary", x, table.cosine);
  check(2 * table.cosine.size(1) <= x.size(2), "[rotary] the table turns {} dimensions, a head has {}",
        2 * table.cosine.size(1), x.size(2));
  check(static_cast<std::int64_t>(positions.size()) == x.size(0), "[rotary] {} positions for {} rows", positions.size(),
        x.size(0));
  for (const std::int32_t p : positions)
    check(p >= 0 && p < table.cosine.size(0), "[rotary] position {} is outside the table of {}", p,
          table.cosine.size(0));
  Tensor y = turn(x, table, positions, false);
  if (!needs_grad({x})) return y;
  return record("rotary", {x}, y,
                [table, kept = std::vector<std::int32_t>(positions.begin(), positions.end())](
                    const Tensor& dy) -> Gradients { return {turn(dy, table, kept, true)}; });
}

}  // namespace linnet
