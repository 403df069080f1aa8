#include "tests/backend/conformance.h"

namespace linnet {
namespace {

using namespace testing;

struct Made {
  const char* name;
  std::unique_ptr<Backend> (*make)();
};

class Conformance : public ::testing::TestWithParam<Made> {
 protected:
  std::unique_ptr<Backend> backend_ = GetParam().make(), reference_ = make_reference_backend();
};

std::string sizes(std::initializer_list<std::int64_t> values) {
  std::string text;
  for (const std::int64_t v : values) text += std::to_string(v) + " ";
  return text;
}

// Allowed error of each element of a product of x [m, in] and a weight: the sum of the terms' magnitudes times their
// rounding.
Floats product_bound(Backend& reference, const Floats& x, std::int64_t x_stride, std::int64_t m, const TypedWeight& w,
                     double rounding) {
  const Floats magnitudes = absolute(x), weight = absolute(w.plain);
  WeightView view = w.view;
  view.data = weight.data(), view.type = DType::kF32;
  Floats bound = zeros(m * view.out);
  reference.linear({magnitudes.data(), x_stride, m, view, nullptr, bound.data(), view.out, false, Precision::kF32});
  for (float& b : bound) b = static_cast<float>(b * rounding + 1e-6);
  return bound;
}

// Strided outputs: rows of `wide`, of which the first columns are bounded and the rest must not change.
Floats widened(const Floats& bound, std::int64_t m, std::int64_t cols, std::int64_t stride) {
  Floats wide = zeros(m * stride);
  for (std::int64_t r = 0; r < m; ++r) std::copy_n(bound.begin() + r * cols, cols, wide.begin() + r * stride);
  return wide;
}

double rounding_of(DType type, Precision precision, std::int64_t in) {
  const double sum = static_cast<double>(in + 8) * kEpsilon;
  const bool halves = precision == Precision::kBF16 || (precision == Precision::kByWeight && type == DType::kBF16);
  return halves ? sum + 2.1 * 0x1p-9 : sum;  // both sides to 8 bits of fraction, to nearest
}

TEST_P(Conformance, Linear) {
  for (const DType type : {DType::kF32, DType::kF16, DType::kBF16, DType::kQ8_0, DType::kQ4_1})
    for (const auto& [out, in] : {std::pair<std::int64_t, std::int64_t>{1, 32}, {17, 96}, {70, 320}, {33, 1024}})
      for (const std::int64_t m : {0, 1, 3, 17, 70})
        for (const bool constant : {true, false}) {
          const Precision precision = m == 3 ? Precision::kBF16 : m == 70 ? Precision::kByWeight : Precision::kF32;
          if (info(type).quantized && precision != Precision::kF32) continue;  // QuantisedProducts
          SCOPED_TRACE(std::string(info(type).name) + " " + sizes({out, in, m, constant}));
          const TypedWeight w = typed_weight(type, out, in, WeightLayout::kOutIn, constant);
          const Floats x = random_floats(m * (in + 3), 1), bias = random_floats(out, 2),
                       y = random_floats(m * (out + 5), 3);
          const Floats bound =
              widened(product_bound(*reference_, x, in + 3, m, w, rounding_of(type, precision, in)), m, out, out + 5);
          for (const bool accumulate : {false, true})
            expect_conforms(*backend_, {y}, {m == 0 ? Floats{0} : bound},
                            [&, in = in, out = out](Backend& b, const auto& o) {
                              b.linear({x.data(), in + 3, m, w.view, accumulate == constant ? bias.data() : nullptr,
                                        o[0], out + 5, accumulate, precision});
                            });
        }
}

// Activations may be rounded to 8 bits per block: by half of a 127th of the block's largest value, here of the row's.
TEST_P(Conformance, QuantisedProducts) {
  for (const DType type : {DType::kQ8_0, DType::kQ4_1})
    for (const std::int64_t m : {1, 4, 33}) {
      const std::int64_t out = 50, in = 256;
      SCOPED_TRACE(std::string(info(type).name) + " " + sizes({m}));
      const TypedWeight w = typed_weight(type, out, in, WeightLayout::kOutIn, true);
      const Floats x = random_floats(m * in, 1);
      const Floats level(x.size(), static_cast<float>(largest(x) / 254));
      Floats bound = product_bound(*reference_, level, in, m, w, 1.05);
      const Floats exact = product_bound(*reference_, x, in, m, w, rounding_of(type, Precision::kF32, in));
      for (std::size_t i = 0; i < bound.size(); ++i) bound[i] += exact[i];
      expect_conforms(*backend_, {zeros(m * out)}, {bound}, [&](Backend& b, const auto& o) {
        b.linear({x.data(), in, m, w.view, nullptr, o[0], out, false, Precision::kByWeight});
      });
    }
}

TEST_P(Conformance, LinearInOut) {
  for (const DType type : {DType::kF32, DType::kBF16, DType::kQ8_0})
    for (const std::int64_t m : {0, 1, 19}) {
      const std::int64_t out = type == DType::kQ8_0 ? 64 : 45, in = 67;  // rows of whole blocks
      SCOPED_TRACE(std::string(info(type).name) + " " + sizes({m}));
      const TypedWeight w = typed_weight(type, out, in, WeightLayout::kInOut, m == 1);
      const Floats x = random_floats(m * in, 1);
      const Floats bound = product_bound(*reference_, x, in, m, w, rounding_of(type, Precision::kF32, in));
      expect_conforms(*backend_, {zeros(m * out)}, {m == 0 ? Floats{0} : bound}, [&](Backend& b, const auto& o) {
        b.linear({x.data(), in, m, w.view, nullptr, o[0], out, false, Precision::kF32});
      });
    }
}

TEST_P(Conformance, GradientOfTheInput) {
  for (const DType type : {DType::kF32, DType::kBF16, DType::kQ8_0})
    for (const WeightLayout layout : {WeightLayout::kOutIn, WeightLayout::kInOut})
      for (const std::int64_t m : {0, 1, 21})
        for (const Precision precision : {Precision::kF32, Precision::kBF16}) {
          const std::int64_t out = 96, in = 160;  // whole blocks either way
          SCOPED_TRACE(std::string(info(type).name) + " " +
                       sizes({m, layout == WeightLayout::kOutIn, precision == Precision::kF32}));
          const TypedWeight w = typed_weight(type, out, in, layout, true);
          const Floats dy = random_floats(m * (out + 1), 1), dx = random_floats(m * (in + 2), 2);
          TypedWeight turned = w;  // dy W is a product with the transposed weight
          turned.view.out = in, turned.view.in = out;
          turned.view.layout = layout == WeightLayout::kOutIn ? WeightLayout::kInOut : WeightLayout::kOutIn;
          const double rounding = rounding_of(type, precision, out);
          const Floats bound = widened(product_bound(*reference_, dy, out + 1, m, turned, rounding), m, in, in + 2);
          for (const bool accumulate : {false, true})
            expect_conforms(*backend_, {dx}, {m == 0 ? Floats{0} : bound}, [&](Backend& b, const auto& o) {
              b.linear_grad_input({dy.data(), out + 1, m, w.view, o[0], in + 2, accumulate, precision});
            });
        }
}

TEST_P(Conformance, GradientOfTheWeight) {
  for (const WeightLayout layout : {WeightLayout::kOutIn, WeightLayout::kInOut})
    for (const std::int64_t m : {0, 1, 37, 300})
      for (const Precision precision : {Precision::kF32, Precision::kBF16})
        for (const bool accumulate : {false, true}) {
          const std::int64_t out = 51, in = 66;
          SCOPED_TRACE(sizes({m, layout == WeightLayout::kOutIn, precision == Precision::kF32, accumulate}));
          const Floats dy = random_floats(m * (out + 2), 1), x = random_floats(m * (in + 1), 2);
          const double rounding = rounding_of(DType::kF32, precision, m);
          const float magnitude =
              static_cast<float>(rounding * static_cast<double>(m) * largest(dy) * largest(x) + 1e-6);
          const Floats any{accumulate || m > 0 ? magnitude : 0},
              sums{static_cast<float>(kEpsilon * static_cast<double>(m + 8) * static_cast<double>(m) * largest(dy) +
                                      1e-6)};
          expect_conforms(*backend_, {random_floats(out * in, 3), random_floats(out, 4)}, {any, sums},
                          [&](Backend& b, const auto& o) {
                            b.linear_grad_weight({dy.data(), x.data(), out + 2, in + 1, m, out, in, layout, o[0],
                                                  m == 1 ? nullptr : o[1], accumulate, precision});
                          });
        }
}

TEST_P(Conformance, Gemm) {
  for (const auto& [m, n, k] :
       {std::tuple<std::int64_t, std::int64_t, std::int64_t>{1, 1, 1}, {7, 19, 33}, {64, 5, 128}, {3, 70, 2}})
    for (const int turns : {0, 1, 2, 3})
      for (const float beta : {0.0F, 0.5F}) {
        const bool ta = (turns & 1) != 0, tb = (turns & 2) != 0;
        SCOPED_TRACE(sizes({m, n, k, turns}));
        const std::int64_t lda = (ta ? m : k) + 2, ldb = (tb ? k : n) + 1, ldc = n + 3, batch = 3;
        const std::int64_t a_stride = (ta ? k : m) * lda, b_stride = (tb ? n : k) * ldb, c_stride = m * ldc;
        const Floats a = random_floats(batch * a_stride, 1), right = random_floats(batch * b_stride, 2);
        const auto bound = static_cast<float>(static_cast<double>(k) * static_cast<double>(k + 8) * kEpsilon *
                                              largest(a) * largest(right));
        expect_conforms(*backend_, {random_floats(batch * c_stride, 3)}, {{bound}},
                        [&, m = m, n = n, k = k](Backend& b, const auto& o) {
                          b.gemm({a.data(), right.data(), o[0], m, n, k, lda, ldb, ldc, ta, tb, 0.7F, beta, batch,
                                  a_stride, b_stride, c_stride});
                        });
      }
}

TEST_P(Conformance, Norms) {
  for (const std::int64_t cols : {3, 16, 65, 577})
    for (const std::int64_t rows : {0, 1, 3, 130}) {
      SCOPED_TRACE(sizes({rows, cols}));
      const Floats x = random_floats(rows * cols, 1), weight = random_floats(cols, 2), bias = random_floats(cols, 3),
                   dy = random_floats(rows * cols, 4);
      const auto k = static_cast<double>(cols);
      const Floats y_bound{static_cast<float>((k + 32) * kEpsilon * 12)},
          one{static_cast<float>((k + 32) * kEpsilon * 4)};
      const std::vector<Floats> y{zeros(rows * cols), zeros(rows), zeros(rows)};
      expect_conforms(*backend_, y, {y_bound, one, one}, [&](Backend& b, const auto& o) {
        b.layer_norm({x.data(), weight.data(), bias.data(), o[0], o[1], o[2], rows, cols, 1e-5F});
      });
      expect_conforms(*backend_, {y[0], y[1]}, {y_bound, one}, [&](Backend& b, const auto& o) {
        b.rms_norm({x.data(), weight.data(), nullptr, o[0], nullptr, o[1], rows, cols, 1e-5F, 0.5F});
      });
      expect_conforms(*backend_, {y[0]}, {y_bound}, [&](Backend& b, const auto& o) {
        b.layer_norm({x.data(), weight.data(), bias.data(), o[0], nullptr, nullptr, rows, cols, 1e-5F});
      });
      Floats mean = zeros(rows), rstd = zeros(rows), rms = zeros(rows), ignored = zeros(rows * cols);
      reference_->layer_norm(
          {x.data(), weight.data(), bias.data(), ignored.data(), mean.data(), rstd.data(), rows, cols, 1e-5F});
      reference_->rms_norm({x.data(), weight.data(), nullptr, ignored.data(), nullptr, rms.data(), rows, cols, 1e-5F});
      const double most = std::max(largest(rstd), largest(rms)) + 1, n = static_cast<double>(rows + 32);
      const Floats dx_bound{static_cast<float>((k + 32) * kEpsilon * 40 * most)},
          dw_bound{static_cast<float>(n * n * kEpsilon * 16 + 1e-6)};
      const std::vector<Floats> g{zeros(rows * cols), random_floats(cols, 5), random_floats(cols, 6)};
      for (const int wanted : {7, 1, 6, 2}) {
        const auto at = [&](const auto& o, int i) {
          return (wanted >> i & 1) != 0 ? o[static_cast<std::size_t>(i)] : nullptr;
        };
        expect_conforms(*backend_, g, {dx_bound, dw_bound, dw_bound}, [&](Backend& b, const auto& o) {
          b.layer_norm_grad(
              {dy.data(), x.data(), weight.data(), mean.data(), rstd.data(), at(o, 0), at(o, 1), at(o, 2), rows, cols});
        });
        expect_conforms(*backend_, g, {dx_bound, dw_bound, dw_bound}, [&](Backend& b, const auto& o) {
          b.rms_norm_grad(
              {dy.data(), x.data(), weight.data(), nullptr, rms.data(), at(o, 0), at(o, 1), nullptr, rows, cols, 0.5F});
        });
      }
    }
}

TEST_P(Conformance, Activations) {
  for (const std::int64_t n : {0, 1, 7, 16, 33, 4099})
    for (const Activation kind : {Activation::kIdentity, Activation::kRelu, Activation::kGelu, Activation::kGeluTanh,
                                  Activation::kSilu, Activation::kTanh, Activation::kSigmoid}) {
      SCOPED_TRACE(sizes({n, static_cast<int>(kind)}));
      const Floats x = random_floats(n, 1, 3), gate = random_floats(n, 2), dy = random_floats(n, 3);
      const Floats bound{
          static_cast<float>(64 * kEpsilon * (1 + largest(x)) * (1 + largest(gate)) * (1 + largest(dy)))};
      for (const float* with : {static_cast<const float*>(nullptr), gate.data()}) {
        expect_conforms(*backend_, {zeros(n)}, {bound}, [&](Backend& b, const auto& o) {
          b.activation({x.data(), with, o[0], n, kind});
        });
        expect_conforms(*backend_, {zeros(n), zeros(n)}, {bound, bound}, [&](Backend& b, const auto& o) {
          b.activation_grad({dy.data(), x.data(), with, o[0], with != nullptr ? o[1] : nullptr, n, kind});
        });
      }
    }
}

TEST_P(Conformance, ElementwiseAlsoInPlace) {
  for (const std::int64_t n : {0, 1, 7, 65, 40003}) {
    SCOPED_TRACE(sizes({n}));
    const Floats a = random_floats(n, 1), c = random_floats(n, 2),
                 exact{static_cast<float>(4 * kEpsilon * (1 + largest(a)) * (1 + largest(c)))};
    expect_conforms(*backend_, {a}, {exact}, [&](Backend& b, const auto& o) { b.add(o[0], c.data(), o[0], n); });
    expect_conforms(*backend_, {a}, {exact}, [&](Backend& b, const auto& o) { b.multiply(o[0], c.data(), o[0], n); });
    expect_conforms(*backend_, {a}, {exact}, [&](Backend& b, const auto& o) { b.scale(o[0], -0.3F, o[0], n); });
    expect_conforms(*backend_, {a}, {exact}, [&](Backend& b, const auto& o) { b.axpy(0.3F, c.data(), o[0], n); });
    expect_conforms(*backend_, {a}, {exact}, [&](Backend& b, const auto& o) {
      b.dropout({o[0], o[0], n, 0.3F, {4, 5}});
    });
    expect_conforms(*backend_, {a, c, absolute(c)}, {{1e-6F}, {1e-6F}, {1e-6F}}, [&](Backend& b, const auto& o) {
      b.adam({o[0], o[1], o[2], a.data(), n, 0.5F, 0.01F, 0.9F, 0.999F, 1e-8F, 0.1F, 0.1F, 0.001F, true});
    });
    EXPECT_NEAR(backend_->sum_squares(a.data(), n), reference_->sum_squares(a.data(), n),
                1e-6 * static_cast<double>(n));
  }
}

TEST_P(Conformance, Rotary) {
  for (const auto& [rows, heads, head_dim, dims] :
       {std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t>{0, 2, 8, 8},
        {1, 1, 2, 2},
        {5, 3, 10, 6},
        {9, 2, 64, 64}})
    for (const bool inverse : {false, true}) {
      SCOPED_TRACE(sizes({rows, heads, head_dim, dims}));
      const Floats cosine = random_floats(4 * dims / 2, 1), sine = random_floats(4 * dims / 2, 2),
                   x = random_floats(rows * heads * head_dim, 3);
      std::vector<std::int32_t> at(static_cast<std::size_t>(rows));
      for (std::size_t i = 0; i < at.size(); ++i) at[i] = static_cast<std::int32_t>(i * 7 % 4);
      const std::int64_t stride = heads * head_dim;
      expect_conforms(
          *backend_, {x}, {{1e-5F}},
          [&, rows = rows, heads = heads, head_dim = head_dim, dims = dims](Backend& b, const auto& o) {  // in place
            b.rotary({o[0], o[0], rows, heads, head_dim, dims, stride, head_dim, stride, cosine.data(), sine.data(),
                      at.data(), inverse});
          });
    }
}

TEST_P(Conformance, Embedding) {
  for (const DType type : {DType::kF32, DType::kF16, DType::kBF16, DType::kQ8_0, DType::kQ4_1}) {
    const TypedWeight table = typed_weight(type, 9, 96, WeightLayout::kOutIn, true);
    for (const std::vector<std::int32_t>& ids : {std::vector<std::int32_t>{}, {8}, {3, 0, 3, 3, 8, 1, 0}}) {
      SCOPED_TRACE(std::string(info(type).name) + " " + sizes({static_cast<std::int64_t>(ids.size())}));
      const auto rows = static_cast<std::int64_t>(ids.size());
      expect_conforms(*backend_, {zeros(rows * 96)}, {{0}}, [&](Backend& b, const auto& o) {
        b.embedding({table.view.data, type, ids.data(), o[0], rows, 96});
      });
      const Floats dy = random_floats(rows * 96, 2);
      expect_conforms(*backend_, {random_floats(9 * 96, 3)}, {{2e-6F}}, [&](Backend& b, const auto& o) {
        b.embedding_grad({dy.data(), ids.data(), o[0], rows, 96});
      });
      expect_conforms(*backend_, {zeros(9 * 96)}, {{0}},
                      [&](Backend& b, const auto& o) { b.to_float(table.view.data, type, o[0], 9, 96); });
    }
  }
}

TEST_P(Conformance, CrossEntropyAlsoInPlace) {
  for (const std::int64_t cols : {1, 2, 37, 5003})
    for (const std::int64_t rows : {0, 1, 9}) {
      SCOPED_TRACE(sizes({rows, cols}));
      const Floats logits = random_floats(rows * (cols + 2), 1, 4);
      std::vector<std::int32_t> targets;
      for (std::int64_t r = 0; r < rows; ++r)
        targets.push_back(r == 4 ? -100 : static_cast<std::int32_t>(r * 5 % cols));
      const auto k = static_cast<float>(static_cast<double>(cols + 64) * kEpsilon * 4);
      double loss[2] = {}, weight[2] = {};
      int at = 0;
      expect_conforms(*backend_, {logits}, {{std::max(k, 4e-6F)}}, [&](Backend& b, const auto& o) {
        b.cross_entropy(
            {o[0], rows, cols, cols + 2, targets.data(), 0.1F, nullptr, &loss[at], &weight[at], o[0], cols + 2});
        ++at;
      });
      EXPECT_NEAR(loss[0], loss[1], 1e-5 * std::fabs(loss[1]) + 1e-5);
      EXPECT_EQ(weight[0], weight[1]);
      double bare = 0;
      backend_->cross_entropy(
          {logits.data(), rows, cols, cols + 2, targets.data(), 0.1F, nullptr, &bare, &weight[0], nullptr, 0});
      EXPECT_NEAR(bare, loss[1], 1e-5 * std::fabs(loss[1]) + 1e-5);
      const Floats dense = random_floats(rows * cols, 2, 4);
      expect_conforms(*backend_, {dense}, {{1e-5F}},
                      [&](Backend& b, const auto& o) { b.log_softmax(o[0], o[0], rows, cols); });
    }
}

struct AttentionCase {
  std::int64_t heads, kv_heads, head_dim;
  bool causal, alibi;
  std::int64_t reach;
  float dropout;
  std::int64_t window = 0;
  float softcap = 0;
};

const AttentionCase kAttentionCases[] = {
    {1, 1, 1, true, false, 0, 0},          {3, 1, 7, true, false, 0, 0},          {4, 2, 32, false, false, 0, 0},
    {2, 2, 33, true, true, 0, 0},          {2, 1, 64, false, false, 5, 0},        {6, 3, 12, true, false, 0, 0.4F},
    {3, 1, 10, true, false, 0, 0, 1},      {2, 2, 6, true, true, 0, 0, 67},       {4, 1, 8, false, false, 0, 0, 3},
    {2, 1, 20, false, false, 0, 0.2F, 65}, {4, 2, 9, true, false, 0, 0, 0, 0.7F}, {2, 2, 16, true, false, 4, 0, 5, 2}};

TEST_P(Conformance, Attention) {
  // (queries, keys) of packed sequences: single rows, a sequence without queries, more keys than queries, long ones.
  const std::pair<std::int64_t, std::int64_t> lengths[] = {{1, 1}, {0, 3}, {5, 9}, {70, 70}, {3, 131}};
  for (const AttentionCase& c : kAttentionCases) {
    SCOPED_TRACE(sizes({c.heads, c.kv_heads, c.head_dim, c.causal, c.alibi, c.reach, c.window}));
    std::vector<AttentionSequence> sequences;
    std::int64_t rows = 0, keys = 0;
    for (const auto& [q, k] : lengths) sequences.push_back({rows, q, keys, k, nullptr, nullptr}), rows += q, keys += k;
    const std::int64_t q_stride = c.heads * c.head_dim + 1, kv_stride = c.kv_heads * c.head_dim + 2,
                       out_stride = c.heads * c.head_dim;
    const Floats q = random_floats(rows * q_stride, 1), k = random_floats(keys * kv_stride, 2),
                 v = random_floats(keys * kv_stride, 3), slopes = random_floats(c.heads, 4, 0.1F),
                 bias = random_floats(c.heads * (2 * c.reach + 1), 5), dout = random_floats(rows * out_stride, 6);
    AttentionArgs a{q.data(),
                    k.data(),
                    v.data(),
                    q_stride,
                    c.head_dim,
                    kv_stride,
                    c.head_dim,
                    kv_stride,
                    c.head_dim,
                    DType::kF32,
                    sequences.data(),
                    static_cast<std::int64_t>(sequences.size()),
                    c.heads,
                    c.kv_heads,
                    c.head_dim,
                    0.4F,
                    c.causal,
                    c.alibi ? slopes.data() : nullptr,
                    c.reach > 0 ? bias.data() : nullptr,
                    c.reach,
                    {},
                    c.window,
                    c.softcap,
                    c.dropout,
                    {8, 9},
                    nullptr,
                    out_stride,
                    nullptr};
    expect_conforms(*backend_, {zeros(rows * out_stride), zeros(rows * c.heads)}, {{2e-5F}, {2e-5F}},
                    [&](Backend& b, const auto& o) {
                      AttentionArgs own = a;
                      own.out = o[0], own.log_sum = o[1];
                      b.attention(own);
                    });
    Floats y = zeros(rows * out_stride), log_sum = zeros(rows * c.heads);
    a.out = y.data(), a.log_sum = log_sum.data();
    reference_->attention(a);
    const std::vector<Floats> start{zeros(rows * q_stride), random_floats(keys * kv_stride, 7),
                                    random_floats(keys * kv_stride, 8), random_floats(c.heads * (2 * c.reach + 1), 9)};
    const double size = static_cast<double>(c.head_dim + 32) * kEpsilon * 64 * largest(dout) * largest(v);
    const Floats bound{static_cast<float>(std::max(size, 5e-5))};
    expect_conforms(*backend_, start, {bound, bound, bound, bound}, [&](Backend& b, const auto& o) {
      b.attention_grad({a, dout.data(), o[0], o[1], o[2], c.reach > 0 ? o[3] : nullptr});
    });
  }
}

TEST_P(Conformance, MaximaOfRows) {
  const std::int64_t cols = 37;
  const Floats x = random_floats(11 * cols, 1), dy = random_floats(3 * cols, 2);
  const std::vector<std::int32_t> starts{0, 1, 7, 11};
  std::vector<std::int32_t> from(static_cast<std::size_t>(3 * cols)), expected(from.size());
  expect_conforms(*backend_, {zeros(3 * cols)}, {{0}}, [&](Backend& b, const auto& o) {
    b.max_rows({x.data(), starts.data(), o[0], &b == backend_.get() ? from.data() : expected.data(), 3, cols});
  });
  EXPECT_EQ(from, expected);
  expect_conforms(*backend_, {random_floats(11 * cols, 3)}, {{0}}, [&](Backend& b, const auto& o) {
    b.max_rows_grad({dy.data(), expected.data(), o[0], 3, cols});
  });
}

TEST_P(Conformance, StridedCopies) {
  const Floats x = random_floats(600, 1);
  const std::int64_t shape[] = {5, 3, 7}, from[] = {40, 9, 1}, transposed[] = {7, 35, 1}, every_second[] = {60, 20, 2};
  for (const auto* to : {transposed, every_second})
    for (const bool accumulate : {false, true})
      expect_conforms(*backend_, {random_floats(320, 2)}, {{0}}, [&](Backend& b, const auto& o) {
        b.strided_copy({x.data(), o[0], 3, shape, from, to, accumulate});
      });
}

TEST_P(Conformance, ElementLosses) {
  const Floats x = random_floats(301, 1), target = absolute(random_floats(301, 2));
  for (const ElementLoss kind : {ElementLoss::kSquaredError, ElementLoss::kBinaryCrossEntropy}) {
    const ElementLossArgs args{x.data(), target.data(), 301, kind};
    EXPECT_NEAR(backend_->element_loss(args), reference_->element_loss(args), 1e-4);
    expect_conforms(*backend_, {zeros(301)}, {{1e-5F}}, [&](Backend& b, const auto& o) {
      b.element_loss_grad({args, o[0], 0.25F});
    });
  }
}

TEST_P(Conformance, SgdAndAdafactor) {
  const Floats grad = random_floats(12 * 31, 1), weight = random_floats(12 * 31, 2);
  expect_conforms(*backend_, {weight, random_floats(12 * 31, 3)}, {{1e-6F}, {1e-6F}}, [&](Backend& b, const auto& o) {
    b.sgd({o[0], o[1], grad.data(), 12 * 31, 0.5F, 0.1F, 0.9F, 0.01F});
  });
  expect_conforms(*backend_, {weight}, {{1e-6F}}, [&](Backend& b, const auto& o) {
    b.sgd({o[0], nullptr, grad.data(), 12 * 31, 1, 0.1F, 0, 0});
  });
  AdafactorArgs args{.weight = nullptr,
                     .row = nullptr,
                     .col = nullptr,
                     .all = nullptr,
                     .grad = grad.data(),
                     .rows = 12,
                     .cols = 31,
                     .grad_scale = 0.5F,
                     .learning_rate = 0.1,
                     .beta2 = 0.6,
                     .eps1 = 1e-30,
                     .clip_threshold = 1,
                     .weight_decay = 0.01,
                     .least_scale = 1e-3};
  expect_conforms(*backend_, {weight, absolute(random_floats(12, 4)), absolute(random_floats(31, 5))},
                  {{1e-5F}, {1e-5F}, {1e-5F}}, [&](Backend& b, const auto& o) {
                    AdafactorArgs own = args;
                    own.weight = o[0], own.row = o[1], own.col = o[2];
                    b.adafactor(own);
                  });
  expect_conforms(*backend_, {weight, absolute(random_floats(12 * 31, 4))}, {{1e-5F}, {1e-5F}},
                  [&](Backend& b, const auto& o) {
                    AdafactorArgs own = args;
                    own.rows = 1, own.cols = 12 * 31, own.least_scale = -1;
                    own.weight = o[0], own.all = o[1];
                    b.adafactor(own);
                  });
}

TEST_P(Conformance, FillAndSum) {
  const Floats x = random_floats(1003, 1);
  EXPECT_NEAR(backend_->sum(x.data(), 1003), reference_->sum(x.data(), 1003), 1e-9);
  expect_conforms(*backend_, {x}, {{0}}, [](Backend& b, const auto& o) { b.fill(o[0], 1.5F, 1003); });
}

INSTANTIATE_TEST_SUITE_P(Backends, Conformance, ::testing::Values(Made{"cpu", make_cpu_backend}),
                         [](const auto& made) { return std::string(made.param.name); });

}  // namespace
}  // namespace linnet
