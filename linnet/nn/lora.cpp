#include "linnet/nn/lora.h"

#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/ops/ops.h"

namespace linnet::nn {

std::vector<LoraRows> gathered(const std::vector<LoraRows>& lora, std::span<const std::int32_t> wanted) {
  const auto before = [&](std::int64_t row) { return std::ranges::lower_bound(wanted, row) - wanted.begin(); };
  std::vector<LoraRows> rows;
  for (const LoraRows& r : lora)
    rows.push_back({r.updates, before(r.begin), r.end == LoraRows::kAll ? LoraRows::kAll : before(r.end)});
  return rows;
}

Tensor with_lora(const Tensor& y, const std::vector<LoraRows>& lora, const void* module,
                 const std::function<Tensor(const LoraDelta&, std::int64_t begin, std::int64_t end)>& update) {
  if (lora.empty()) return y;
  Tensor sum = y;
  for (const LoraRows& rows : lora) {
    const LoraDelta* delta = rows.updates->find(module);
    const std::int64_t begin = rows.begin, end = std::min(rows.end, y.size(0));
    if (delta == nullptr || begin >= end) continue;
    const Tensor part = update(*delta, begin, end);
    if (end - begin == y.size(0))
      sum = add(sum, part);
    else
      add_to_rows(sum, begin, part);
  }
  return sum;
}

}  // namespace linnet::nn
