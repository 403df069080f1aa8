// Gathers, mixes and averages rows.
#include <iterator>
#include <utility>

#include "linnet/ops/internal.h"

namespace linnet {
namespace {

void check_ranges(const char* op, const Tensor& x, std::span<const std::int32_t> starts) {
  check_matrix(op, "x", x);
  check(!starts.empty() && starts.front() >= 0 && starts.back() <= x.size(0), "[{}] the ranges leave x's {} rows", op,
        x.size(0));
  for (std::size_t s = 0; s + 1 < starts.size(); ++s) check(starts[s] < starts[s + 1], "[{}] range {} is empty", op, s);
}

}  // namespace

Tensor gather_rows(const Tensor& x, std::span<const std::int32_t> rows) {
  check_matrix("gather_rows", "x", x);
  const std::int64_t n = x.size(0), cols = x.size(1);
  for (const std::int32_t r : rows) check(r >= 0 && r < n, "[gather_rows] row {} is outside the {} of x", r, n);
  const auto count = static_cast<std::int64_t>(rows.size());
  Tensor y = empty_on(x.device(), {count, cols});
  backend(x.device()).embedding({in(x), DType::kF32, rows.data(), out(y), count, cols});
  if (!needs_grad({x})) return y;
  return record(
      "gather_rows", {x}, y,
      [to_x = GradInput(x), kept = std::vector<std::int32_t>(rows.begin(), rows.end())](const Tensor& dy) -> Gradients {
        Tensor dx = grad_room_to_add(to_x);
        backend(dx.device()).embedding_grad({in(dy), kept.data(), out(dx), dy.size(0), dy.size(1)});
        return {dx};
      });
}

Tensor interleave_rows(const std::vector<Tensor>& sources,
                       std::span<const std::pair<std::int32_t, std::int32_t>> rows) {
  check(!sources.empty(), "[interleave_rows] no sources");
  const std::int64_t cols = sources.front().size(1);
  for (const Tensor& s : sources) {
    check_matrix("interleave_rows", "a source", s);
    check_device("interleave_rows", sources.front(), s);
    check(s.size(1) == cols, "[interleave_rows] sources have {} and {} columns", cols, s.size(1));
  }
  for (const auto& [source, row] : rows)
    check(source >= 0 && static_cast<std::size_t>(source) < sources.size() && row >= 0 &&
              row < sources[static_cast<std::size_t>(source)].size(0),
          "[interleave_rows] row {} of source {} does not exist", row, source);
  const auto count = std::ssize(rows);
  Tensor y = empty_on(sources.front().device(), {count, cols});
  for (std::int64_t begin = 0, end = 0; begin < count; begin = end) {
    const auto [source, row] = rows[static_cast<std::size_t>(begin)];
    // One copy for rows that are side by side in their source.
    for (end = begin + 1; end < count; ++end)
      if (rows[static_cast<std::size_t>(end)] != std::pair(source, row + static_cast<std::int32_t>(end - begin))) break;
    const Tensor& from = sources[static_cast<std::size_t>(source)];
    y.slice(0, begin, end).copy_from(from.slice(0, row, row + end - begin));
  }
  bool wanted = false;
  for (const Tensor& s : sources) wanted = wanted || needs_grad({s});
  if (!wanted) return y;
  using Rows = std::vector<std::pair<std::int32_t, std::int32_t>>;
  std::vector<GradInput> to(sources.begin(), sources.end());
  return record(
      "interleave_rows", sources, y, [to = std::move(to), kept = Rows(rows.begin(), rows.end())](const Tensor& dy) {
        Gradients g;
        for (const GradInput& s : to) g.push_back(grad_room_to_add(s));
        const std::int64_t width = dy.size(1);
        for (std::size_t i = 0; i < kept.size(); ++i) {
          const auto& target = g[static_cast<std::size_t>(kept[i].first)];
          if (target)
            backend(dy.device())
                .axpy(1.0f, in(dy) + static_cast<std::int64_t>(i) * width, out(target) + kept[i].second * width, width);
        }
        return g;
      });
}

Tensor mean_rows(const Tensor& x, std::span<const std::int32_t> starts) {
  check_ranges("mean_rows", x, starts);
  const auto n = static_cast<std::int64_t>(starts.size()) - 1;
  const std::int64_t cols = x.size(1);
  Tensor y = zeros_on(x.device(), {n, cols});
  Backend& device = backend(x.device());
  for (std::int64_t s = 0; s < n; ++s) {
    const std::int32_t begin = starts[static_cast<std::size_t>(s)], end = starts[static_cast<std::size_t>(s) + 1];
    for (std::int32_t r = begin; r < end; ++r)
      device.axpy(1.0f / static_cast<float>(end - begin), in(x) + r * cols, out(y) + s * cols, cols);
  }
  if (!needs_grad({x})) return y;
  return record("mean_rows", {x}, y,
                [to_x = GradInput(x),
                 kept = std::vector<std::int32_t>(starts.begin(), starts.end())](const Tensor& dy) -> Gradients {
                  Tensor dx = grad_room_to_add(to_x);
                  const std::int64_t width = dy.size(1);
                  for (std::size_t s = 0; s + 1 < kept.size(); ++s)
                    for (std::int32_t r = kept[s]; r < kept[s + 1]; ++r)
                      backend(dy.device())
                          .axpy(1.0f / static_cast<float>(kept[s + 1] - kept[s]),
                                in(dy) + static_cast<std::int64_t>(s) * width, out(dx) + r * width, width);
                  return {dx};
                });
}

Tensor max_rows(const Tensor& x, std::span<const std::int32_t> starts) {
  check_ranges("max_rows", x, starts);
  const auto n = static_cast<std::int64_t>(starts.size()) - 1;
  const std::int64_t cols = x.size(1);
  Tensor y = empty_on(x.device(), {n, cols});
  const Tensor from = Tensor::empty({n, cols}, DType::kI32, x.device());
  const auto rows_of = [](const Tensor& rows) { return reinterpret_cast<std::int32_t*>(rows.data_ptr()); };
  backend(x.device()).max_rows({in(x), starts.data(), out(y), rows_of(from), n, cols});
  if (!needs_grad({x})) return y;
  return record("max_rows", {x}, y, [to_x = GradInput(x), from, rows_of](const Tensor& dy) -> Gradients {
    Tensor dx = grad_room_to_add(to_x);
    backend(dy.device()).max_rows_grad({in(dy), rows_of(from), out(dx), dy.size(0), dy.size(1)});
    return {dx};
  });
}

}  // namespace linnet
