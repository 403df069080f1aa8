#include <vector>

#include "linnet/ops/internal.h"

namespace linnet {

Tensor embedding(const Tensor& table, std::span<const std::int32_t> ids) {
  check(table && table.rank() == 2, "[embedding] the table is not a matrix");
  const std::int64_t vocab = table.size(0), cols = table.size(1);
  for (const std::int32_t id : ids)
    check(id >= 0 && id < vocab, "[embedding] id {} is outside the {} rows of the table", id, vocab);
  check(!needs_grad({table}) || table.dtype() == DType::kF32,
        "[embedding: {} table] has no gradient and an input requires one", info(table.dtype()).name);
  const auto rows = static_cast<std::int64_t>(ids.size());
  Tensor y = Tensor::empty({rows, cols});
  backend().embedding({table.raw(), table.dtype(), ids.data(), out(y), rows, cols});
  if (!needs_grad({table})) return y;
  return record("embedding", {table}, y,
                [to_table = GradInput(table),
                 kept = std::vector<std::int32_t>(ids.begin(), ids.end())](const Tensor& dy) -> Gradients {
                  Tensor dtable = grad_room_to_add(to_table);
                  backend().embedding_grad({in(dy), kept.data(), out(dtable), dy.size(0), dy.size(1)});
                  return {dtable};
                });
}

}  // namespace linnet
