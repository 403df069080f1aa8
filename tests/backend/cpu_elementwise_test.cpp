#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "linnet/backend/backend.h"
#include "linnet/backend/cpu/cpu.h"
#include "tests/backend/compare.h"

namespace linnet {
namespace {

using testing::Floats;
using testing::kGuard;
using testing::random_floats;

class CpuElementwise : public ::testing::Test {
 protected:
  std::unique_ptr<Backend> cpu_ = make_cpu_backend(), reference_ = make_reference_backend();

  // Runs `call(backend, output)` on both and compares; a guard value follows the output.
  template <class Call>
  void compare(const Floats& start, double tolerance, Call&& call) {
    Floats found = start, wanted = start;
    found.push_back(kGuard);
    wanted.push_back(kGuard);
    call(*cpu_, found.data());
    call(*reference_, wanted.data());
    EXPECT_EQ(found.back(), kGuard);
    found.pop_back();
    wanted.pop_back();
    EXPECT_CLOSE(found, wanted, tolerance);
  }
};

const Activation kKinds[] = {Activation::kIdentity, Activation::kRelu, Activation::kGelu,   Activation::kGeluTanh,
                             Activation::kSilu,     Activation::kTanh, Activation::kSigmoid};

TEST_F(CpuElementwise, Activations) {
  for (const std::int64_t n : {1, 7, 16, 1001, 50000}) {
    Floats x = random_floats(n, 1, 4.0F);
    const Floats gate = random_floats(n, 2), dy = random_floats(n, 3);
    x[0] = -120.0F;
    if (n > 6) x[1] = 120.0F, x[2] = 0.0F, x[3] = -0.0F, x[4] = 1e-20F, x[5] = 0.62F, x[6] = -88.0F;
    const Floats blank(static_cast<std::size_t>(n));
    for (const Activation kind : kKinds)
      for (const float* const with : {static_cast<const float*>(nullptr), gate.data()}) {
        SCOPED_TRACE(static_cast<int>(kind));
        compare(blank, 1e-6, [&](Backend& b, float* y) { b.activation({x.data(), with, y, n, kind}); });
        compare(blank, 2e-6, [&](Backend& b, float* dx) {
          Floats other(x.size());
          b.activation_grad({dy.data(), x.data(), with, dx, with ? other.data() : nullptr, n, kind});
        });
        if (with != nullptr)
          compare(blank, 1e-6, [&](Backend& b, float* dgate) {
            Floats other(x.size());
            b.activation_grad({dy.data(), x.data(), with, other.data(), dgate, n, kind});
          });
      }
  }
}

// Relative error of each value: exp, tanh and erf are also precise for small results.
TEST_F(CpuElementwise, SmallResultsKeepTheirDigits) {
  Floats x;
  for (int i = -400; i <= 400; ++i) x.push_back(static_cast<float>(i) * 0.02F + 0.003F);
  for (const Activation kind : {Activation::kTanh, Activation::kSigmoid, Activation::kSilu}) {
    Floats found(x.size()), wanted(x.size());
    cpu_->activation({x.data(), nullptr, found.data(), static_cast<std::int64_t>(x.size()), kind});
    reference_->activation({x.data(), nullptr, wanted.data(), static_cast<std::int64_t>(x.size()), kind});
    for (std::size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(found[i], wanted[i], 1e-6 * std::fabs(wanted[i])) << x[i];
  }
}

TEST_F(CpuElementwise, NanStaysNan) {
  const float x[2] = {std::numeric_limits<float>::quiet_NaN(), 1.0F};
  for (const Activation kind : kKinds) {
    float y[2];
    cpu_->activation({x, nullptr, y, 2, kind});
    EXPECT_TRUE(std::isnan(y[0])) << static_cast<int>(kind);
    EXPECT_FALSE(std::isnan(y[1]));
  }
}

TEST_F(CpuElementwise, Norms) {
  for (const std::int64_t cols : {1, 5, 64, 577})
    for (const std::int64_t rows : {1, 3, 120}) {
      Floats x = random_floats(rows * cols, 1);
      for (float& value : x) value += 3.0F;
      const Floats weight = random_floats(cols, 2), bias = random_floats(cols, 3), dy = random_floats(rows * cols, 4);
      const Floats blank(static_cast<std::size_t>(rows * cols));
      Floats mean(static_cast<std::size_t>(rows)), rstd(mean.size()), rms(mean.size());
      const double tolerance = cols == 1 ? 1e-3 : 1e-5;  // one column: a difference of equal numbers
      compare(blank, tolerance, [&](Backend& b, float* y) {
        b.layer_norm({x.data(), weight.data(), bias.data(), y, mean.data(), rstd.data(), rows, cols, 1e-5F});
      });
      compare(blank, 2e-6, [&](Backend& b, float* y) {
        b.rms_norm({x.data(), weight.data(), nullptr, y, nullptr, rms.data(), rows, cols, 1e-5F});
      });
      if (cols == 1) continue;
      compare(blank, 2e-5, [&](Backend& b, float* dx) {
        b.rms_norm_grad({dy.data(), x.data(), weight.data(), nullptr, rms.data(), dx, nullptr, nullptr, rows, cols});
      });
      compare(blank, 2e-5, [&](Backend& b, float* dx) {
        b.layer_norm_grad(
            {dy.data(), x.data(), weight.data(), mean.data(), rstd.data(), dx, nullptr, nullptr, rows, cols});
      });
      const Floats columns(static_cast<std::size_t>(cols));
      compare(columns, 2e-5, [&](Backend& b, float* dweight) {
        Floats dbias(columns), dx(blank);
        b.layer_norm_grad({dy.data(), x.data(), weight.data(), mean.data(), rstd.data(), dx.data(), dweight,
                           dbias.data(), rows, cols});
      });
      compare(columns, 2e-5, [&](Backend& b, float* dbias) {
        Floats dweight(columns), dx(blank);
        b.layer_norm_grad({dy.data(), x.data(), weight.data(), mean.data(), rstd.data(), dx.data(), dweight.data(),
                           dbias, rows, cols});
      });
    }
}

TEST_F(CpuElementwise, RotaryForwardAndBack) {
  const std::int64_t rows = 6, heads = 3, head_dim = 22, stride = heads * head_dim * 2 + 1;
  for (const std::int64_t dims : {22, 10}) {
    const Floats x = random_floats(rows * stride, 1), angles = random_floats(9 * dims / 2, 2);
    Floats cosine, sine;
    for (const float angle : angles) cosine.push_back(std::cos(angle)), sine.push_back(std::sin(angle));
    const std::vector<std::int32_t> positions{0, 8, 3, 3, 1, 7};
    for (const bool inverse : {false, true})
      compare(Floats(static_cast<std::size_t>(rows * heads * head_dim)), 1e-6, [&](Backend& b, float* y) {
        b.rotary({x.data(), y, rows, heads, head_dim, dims, stride, 2 * head_dim, heads * head_dim, cosine.data(),
                  sine.data(), positions.data(), inverse});
      });
  }
}

TEST_F(CpuElementwise, SumsAndProducts) {
  for (const std::int64_t n : {1, 13, 1024, 70001}) {
    const Floats a = random_floats(n, 1), b = random_floats(n, 2);
    compare(a, 1e-7, [&](Backend& backend, float* y) { backend.add(a.data(), b.data(), y, n); });
    compare(a, 1e-7, [&](Backend& backend, float* y) { backend.axpy(0.3F, b.data(), y, n); });
    compare(a, 1e-7, [&](Backend& backend, float* y) { backend.multiply(a.data(), b.data(), y, n); });
    compare(a, 1e-7, [&](Backend& backend, float* y) { backend.scale(b.data(), -2.5F, y, n); });
    EXPECT_NEAR(cpu_->sum_squares(a.data(), n) / reference_->sum_squares(a.data(), n), 1.0, 1e-6);
  }
}

TEST_F(CpuElementwise, Dropout) {
  const std::int64_t n = 10007;
  const Floats x = random_floats(n, 1);
  for (const float p : {0.1F, 0.5F})
    compare(x, 0, [&](Backend& b, float* y) { b.dropout({x.data(), y, n, p, {1, 2}}); });
}

TEST_F(CpuElementwise, Adam) {
  const std::int64_t n = 1003;
  for (const bool decoupled : {false, true}) {
    const Floats grad = random_floats(n, 1);
    compare(random_floats(n, 2), 1e-6, [&](Backend& b, float* weight) {
      Floats m = random_floats(n, 3, 0.1F), v = random_floats(n, 4, 0.1F);
      for (float& value : v) value *= value;
      for (int step = 1; step <= 3; ++step)
        b.adam({weight, m.data(), v.data(), grad.data(), n, 0.5F, 0.01F, 0.9F, 0.999F, 1e-8F, 0.1F,
                1.0F - std::pow(0.9F, static_cast<float>(step)), 1.0F - std::pow(0.999F, static_cast<float>(step)),
                decoupled});
    });
  }
}

TEST_F(CpuElementwise, CrossEntropyAndLogSoftmax) {
  for (const std::int64_t cols : {1, 2, 37, 9000}) {
    const std::int64_t rows = 7, stride = cols + 2;
    const Floats logits = random_floats(rows * stride, 1, 5.0F), uniform = random_floats(cols, 2);
    Floats weights;
    for (const float w : uniform) weights.push_back(std::fabs(w) + 0.1F);
    std::vector<std::int32_t> targets;
    for (std::int32_t r = 0; r < rows; ++r) targets.push_back(r == 3 ? -100 : r * 5 % static_cast<std::int32_t>(cols));
    for (const float smoothing : {0.0F, 0.2F})
      for (const float* const w : {static_cast<const float*>(nullptr), static_cast<const float*>(weights.data())}) {
        double loss[2], weight[2];
        int at = 0;
        compare(Floats(static_cast<std::size_t>(rows * cols)), 2e-6, [&](Backend& b, float* dlogits) {
          b.cross_entropy(
              {logits.data(), rows, cols, stride, targets.data(), smoothing, w, &loss[at], &weight[at], dlogits, cols});
          ++at;
        });
        EXPECT_NEAR(loss[0], loss[1], 1e-5 * std::fabs(loss[1]) + 1e-6);
        EXPECT_NEAR(weight[0], weight[1], 1e-6 * weight[1]);
      }
    const Floats plain = random_floats(rows * cols, 3, 3.0F);
    compare(plain, 1e-6, [&](Backend& b, float* y) { b.log_softmax(plain.data(), y, rows, cols); });
  }
}

TEST_F(CpuElementwise, EmbeddingAndTypes) {
  const std::int64_t vocab = 11, cols = 64;
  const Floats values = random_floats(vocab * cols, 1);
  const std::vector<std::int32_t> ids{3, 0, 10, 3, 7};
  const auto count = static_cast<std::int64_t>(ids.size());
  for (const DType type : {DType::kF32, DType::kF16, DType::kBF16, DType::kQ8_0, DType::kQ4_1}) {
    std::vector<std::byte> table(row_bytes(type, vocab * cols)), same(table.size());
    cpu_->from_float(values.data(), type, table.data(), vocab, cols);
    reference_->from_float(values.data(), type, same.data(), vocab, cols);
    EXPECT_EQ(table, same) << info(type).name;
    const Floats blank(static_cast<std::size_t>(count * cols));
    compare(blank, 0, [&](Backend& b, float* y) { b.embedding({table.data(), type, ids.data(), y, count, cols}); });
    compare(values, 0, [&](Backend& b, float* y) { b.to_float(table.data(), type, y, vocab, cols); });
  }
  const Floats dy = random_floats(count * cols, 2);
  compare(values, 1e-7, [&](Backend& b, float* dtable) {
    b.embedding_grad({dy.data(), ids.data(), dtable, count, cols});
  });
}

TEST(CpuInfo, NamesKernelsAndLibraries) {
  for (const auto& facts : {cpu_kernels(), cpu_libraries()}) {
    EXPECT_GE(facts.size(), 1U);
    for (const NamedFact& fact : facts) EXPECT_FALSE(fact.name.empty() || fact.value.empty());
  }
}

TEST(CpuInfo, Measures) {
  const CpuSpeed speed = measure_cpu();
  EXPECT_GT(speed.read_gb_per_s, 0);
  EXPECT_GT(speed.f32_gflops, 0);
  EXPECT_GT(speed.int8_gflops, 0);
}

}  // namespace
}  // namespace linnet
