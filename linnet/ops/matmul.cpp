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

namespace {

// c[h] = x[:, h] table[:, h]^T, and the two products of its gradient: rows and heads are strided.
struct HeadProduct {
  std::int64_t heads, rows, count, width;
  std::int64_t x_row, x_head;  // strides

  void forward(const Tensor& x, const Tensor& table, const Tensor& c) const {
    run(c, strided(x), x_row, x_head, in(table), heads * width, width, out(c), count, rows * count,
        {rows, count, width, false, true});
  }
  void to_x(const Tensor& dc, const Tensor& table, const Tensor& dx) const {  // dx is contiguous
    run(dx, in(dc), count, rows * count, in(table), heads * width, width, out(dx), heads * width, width,
        {rows, width, count, false, false});
  }
  void to_table(const Tensor& dc, const Tensor& x, const Tensor& dtable) const {
    run(dtable, in(dc), count, rows * count, strided(x), x_row, x_head, out(dtable), heads * width, width,
        {count, width, rows, true, false});
  }

 private:
  struct Sizes {
    std::int64_t m, n, k;
    bool transpose_a, transpose_b;
  };
  void run(const Tensor& of, const float* a, std::int64_t lda, std::int64_t a_stride, const float* b, std::int64_t ldb,
           std::int64_t b_stride, float* c, std::int64_t ldc, std::int64_t c_stride, Sizes s) const {
    backend(of.device())
        .gemm({.a = a,
               .b = b,
               .c = c,
               .m = s.m,
               .n = s.n,
               .k = s.k,
               .lda = lda,
               .ldb = ldb,
               .ldc = ldc,
               .transpose_a = s.transpose_a,
               .transpose_b = s.transpose_b,
               .alpha = 1,
               .beta = 0,
               .batch = heads,
               .a_stride = a_stride,
               .b_stride = b_stride,
               .c_stride = c_stride});
  }
};

}  // namespace

Tensor head_scores(const Tensor& x, const Tensor& table) {
  check(x.rank() == 3 && x.stride(2) == 1 && table.rank() == 3 && table.size(1) == x.size(1) &&
            table.size(2) == x.size(2),
        "[head_scores] x is {} and the table {}, not [rows, heads, head_dim] and [n, heads, head_dim]", x.shape(),
        table.shape());
  check_device("head_scores", x, table);
  const Tensor rows = contiguous(table);
  const HeadProduct product{x.size(1), x.size(0), table.size(0), x.size(2), x.stride(0), x.stride(1)};
  Tensor c = empty_on(x.device(), {product.heads, product.rows, product.count});
  product.forward(x, rows, c);
  if (!needs_grad({x, rows})) return c;
  return record("head_scores", {x, rows}, c, [x, rows, product](const Tensor& dc) -> Gradients {
    Gradients g(2);
    if (x.requires_grad()) product.to_x(dc, rows, g[0] = empty_on(x.device(), x.shape()));
    if (rows.requires_grad()) product.to_table(dc, x, g[1] = empty_on(x.device(), rows.shape()));
    return g;
  });
}

}  // namespace linnet
