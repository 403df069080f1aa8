#include <algorithm>
#include <utility>
#include <vector>

#include "linnet/ops/internal.h"

namespace linnet {

namespace {

// Memory to accumulate a gradient of these rows. If nothing else uses the table, its state records the rows.
Tensor room_for_rows(const GradInput& table, const std::vector<std::int32_t>& ids) {
  GradState& state = *table.state;
  if (!state.grad) {
    state.grad = state.zeros ? std::exchange(state.zeros, {}) : zeros_on(table.device, table.shape);
    state.rows.emplace();
  }
  if (!state.rows || !state.grad.unique()) return grad_room_to_add(table);
  std::vector<std::int32_t>& rows = *state.rows;
  rows.insert(rows.end(), ids.begin(), ids.end());
  std::ranges::sort(rows);
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  state.added = true;
  return state.grad;
}

}  // namespace

Tensor embedding(const Tensor& table, std::span<const std::int32_t> ids) {
  check(table && table.rank() == 2, "[embedding] the table is not a matrix");
  const std::int64_t vocab = table.size(0), cols = table.size(1);
  for (const std::int32_t id : ids)
    check(id >= 0 && id < vocab, "[embedding] id {} is outside the {} rows of the table", id, vocab);
  check(!needs_grad({table}) || table.dtype() == DType::kF32,
        "[embedding: {} table] has no gradient and an input requires one", info(table.dtype()).name);
  const auto rows = static_cast<std::int64_t>(ids.size());
  Tensor y = empty_on(table.device(), {rows, cols});
  backend(table.device()).embedding({table.data_ptr(), table.dtype(), ids.data(), out(y), rows, cols});
  if (!needs_grad({table})) return y;
  return record("embedding", {table}, y,
                [to_table = GradInput(table),
                 kept = std::vector<std::int32_t>(ids.begin(), ids.end())](const Tensor& dy) -> Gradients {
                  Tensor dtable = room_for_rows(to_table, kept);
                  backend(dy.device()).embedding_grad({in(dy), kept.data(), out(dtable), dy.size(0), dy.size(1)});
                  return {dtable};
                });
}

}  // namespace linnet
