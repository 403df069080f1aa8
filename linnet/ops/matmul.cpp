#include "linnet/ops/internal.h"

namespace linnet {
namespace {

void multiply_into(const Tensor& a, const Tensor& b, bool turn_a, bool turn_b, const Tensor& c) {
  backend(c.device())
      .gemm({.a = in(a),
             .b = in(b),
             .c = out(c),
             .m = c.size(0),
             .n = c.size(1),
             .k = a.size(turn_a ? 0 : 1),
             .lda = a.size(1),
             .ldb = b.size(1),
             .ldc = c.size(1),
             .transpose_a = turn_a,
             .transpose_b = turn_b,
             .alpha = 1,
             .beta = 0,
             .batch = 1,
             .a_stride = 0,
             .b_stride = 0,
             .c_stride = 0});
}

Tensor product(const Tensor& a, const Tensor& b, bool turn_a, bool turn_b) {
  Tensor c = empty_on(a.device(), {a.size(turn_a ? 1 : 0), b.size(turn_b ? 0 : 1)});
  multiply_into(a, b, turn_a, turn_b, c);
  return c;
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b) {
  check_matrix("matmul", "a", a);
  check_matrix("matmul", "b", b);
  check_device("matmul", a, b);
  check(a.size(transpose_a ? 0 : 1) == b.size(transpose_b ? 1 : 0), "[matmul] {} does not fit {}", a.shape(),
        b.shape());
  Tensor c = product(a, b, transpose_a, transpose_b);
  if (!needs_grad({a, b})) return c;
  return record("matmul", {a, b}, c, [a, b, transpose_a, transpose_b](const Tensor& dc) -> Gradients {
    Gradients g(2);
    // c = op(a) op(b): d op(a) = dc op(b)^T, d op(b) = op(a)^T dc, each transposed if the input was.
    if (a.requires_grad()) g[0] = transpose_a ? product(b, dc, transpose_b, true) : product(dc, b, false, !transpose_b);
    if (b.requires_grad()) g[1] = transpose_b ? product(dc, a, true, transpose_a) : product(a, dc, !transpose_a, false);
    return g;
  });
}

}  // namespace linnet
