#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

#include "linnet/backend/backend.h"
#include "linnet/backend/cpu/gemm_plain.h"
#include "linnet/base/parallel.h"
#include "linnet/tensor/blocks.h"
#include "linnet/tensor/storage.h"
#include "tests/backend/compare.h"
#include "tests/backend/weights.h"

namespace linnet {
namespace {

using testing::Floats;
using testing::make_weight;
using testing::random_floats;
using testing::relative_error;
using testing::Weight;

class CpuLinear : public ::testing::TestWithParam<DType> {
 protected:
  std::unique_ptr<Backend> cpu_ = make_cpu_backend(), reference_ = make_reference_backend();

  void compare(const Weight& weight, std::int64_t m, Precision precision, bool with_bias, bool accumulate,
               double tolerance) {
    const std::int64_t in = weight.view.in, out = weight.view.out, x_stride = in + 3, y_stride = out + 5;
    const Floats x = random_floats(m * x_stride, 1), bias = random_floats(out, 2);
    Floats found = random_floats(m * y_stride, 3), wanted = found;
    LinearArgs args{x.data(),     x_stride, m,          weight.view, with_bias ? bias.data() : nullptr,
                    found.data(), y_stride, accumulate, precision};
    cpu_->linear(args);
    args.y = wanted.data();
    reference_->linear(args);
    EXPECT_LE(relative_error(found, wanted), tolerance)
        << info(weight.view.type).name << " m " << m << " out " << out << " in " << in;
    for (std::int64_t r = 0; r < m; ++r)
      for (std::int64_t i = out; i < y_stride; ++i)
        ASSERT_EQ(found[static_cast<std::size_t>(r * y_stride + i)],
                  wanted[static_cast<std::size_t>(r * y_stride + i)]);
  }
};

TEST_P(CpuLinear, MatchesTheReferenceWithoutRounding) {
  const DType type = GetParam();
  const std::int64_t in = info(type).quantized ? 512 : 300;
  for (const std::int64_t out : {1, 2, 16, 33, 100})
    for (const bool constant : {true, false}) {
      const Weight weight = make_weight(type, out, in, WeightLayout::kOutIn, constant);
      for (const std::int64_t m : {1, 2, 5, 12, 13, 40})
        compare(weight, m, Precision::kF32, m % 2 == 1, m == 5 || m == 40, 1e-5);
    }
}

TEST_P(CpuLinear, MatchesTheReferenceByWeight) {
  const DType type = GetParam();
  // Activations are rounded to 8 bits per block: an error of about 1 / 256 of a row's largest value, averaged out.
  const double tolerance = info(type).quantized ? 1.5e-2 : info(type).name == "BF16" ? 1e-2 : 1e-5;
  const std::int64_t in = info(type).quantized ? 768 : 301;
  for (const std::int64_t out : {17, 64, 130}) {
    const Weight weight = make_weight(type, out, in, WeightLayout::kOutIn, true);
    for (const std::int64_t m : std::vector<std::int64_t>{1, 3, 12, 13, out == 17 ? 800 : 50})
      compare(weight, m, Precision::kByWeight, m % 2 == 0, m == 13, tolerance);
  }
}

TEST_P(CpuLinear, MatchesTheReferenceInBF16) {
  const DType type = GetParam();
  const std::int64_t in = info(type).quantized ? 768 : 301;
  for (const std::int64_t out : {17, 64, 130}) {
    const Weight weight = make_weight(type, out, in, WeightLayout::kOutIn, true);
    for (const std::int64_t m : std::vector<std::int64_t>{1, 3, 12, 13, out == 17 ? 800 : 50})
      compare(weight, m, Precision::kBF16, m % 2 == 0, m == 13, 4e-3);  // half a unit of bf16 is 2e-3
  }
}

TEST_P(CpuLinear, GradientOfTheInput) {
  const DType type = GetParam();
  for (const WeightLayout layout : {WeightLayout::kOutIn, WeightLayout::kInOut}) {
    const std::int64_t in = info(type).quantized ? 256 : 70, out = info(type).quantized ? 256 : 45, m = 9;
    const Weight weight = make_weight(type, out, in, layout, true);
    const Floats dy = random_floats(m * (out + 1), 4);
    for (const bool accumulate : {false, true}) {
      Floats found = random_floats(m * in, 5), wanted = found;
      LinearGradInputArgs args{dy.data(), out + 1, m, weight.view, found.data(), in, accumulate, Precision::kF32};
      cpu_->linear_grad_input(args);
      args.dx = wanted.data();
      reference_->linear_grad_input(args);
      EXPECT_CLOSE(found, wanted, 1e-5);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, CpuLinear,
                         ::testing::Values(DType::kF32, DType::kF16, DType::kBF16, DType::kQ4_0, DType::kQ4_1,
                                           DType::kQ5_0, DType::kQ5_1, DType::kQ8_0, DType::kQ4_K, DType::kQ5_K,
                                           DType::kQ6_K, DType::kQ3_K, DType::kIQ4_NL, DType::kIQ4_XS),
                         [](const auto& info_of) { return std::string(linnet::info(info_of.param).name); });

class CpuProducts : public CpuLinear {};

TEST_F(CpuProducts, TransposedLayout) {
  for (const DType type : {DType::kF32, DType::kBF16, DType::kF16})
    for (const bool constant : {true, false}) {
      const Weight weight = make_weight(type, 70, 45, WeightLayout::kInOut, constant);
      for (const std::int64_t m : {1, 14}) compare(weight, m, Precision::kF32, true, false, 1e-5);
    }
}

TEST_F(CpuProducts, SeveralSlicesOfOneWeight) {
  const Weight whole = make_weight(DType::kQ8_0, 96, 64, WeightLayout::kOutIn, true);
  for (std::int64_t first = 0; first < 96; first += 8) {  // more slices than packed copies are kept
    Weight slice = whole;
    slice.view.data = whole.storage->data() + static_cast<std::size_t>(first) * row_bytes(DType::kQ8_0, 64);
    slice.view.out = 8;
    compare(slice, 3, Precision::kF32, false, false, 1e-5);
  }
}

TEST_F(CpuProducts, ChangedWeightIsPackedAgain) {
  Weight weight = make_weight(DType::kF32, 20, 30, WeightLayout::kOutIn, true);
  compare(weight, 2, Precision::kF32, false, false, 1e-5);
  reinterpret_cast<float*>(weight.storage->data())[17] = 50.0F;
  weight.storage->changed();
  compare(weight, 2, Precision::kF32, false, false, 1e-5);
}

TEST_F(CpuProducts, GradientOfTheWeight) {
  const std::int64_t m = 37, out = 50, in = 66;
  const Floats dy = random_floats(m * (out + 2), 1), x = random_floats(m * (in + 1), 2);
  for (const WeightLayout layout : {WeightLayout::kOutIn, WeightLayout::kInOut})
    for (const bool accumulate : {false, true}) {
      Floats dw = random_floats(out * in, 3), dw_wanted = dw, db = random_floats(out, 4), db_wanted = db;
      LinearGradWeightArgs args{dy.data(), x.data(), out + 2,   in + 1,    m,          out,
                                in,        layout,   dw.data(), db.data(), accumulate, Precision::kF32};
      cpu_->linear_grad_weight(args);
      args.dweight = dw_wanted.data();
      args.dbias = db_wanted.data();
      reference_->linear_grad_weight(args);
      EXPECT_CLOSE(dw, dw_wanted, 1e-5);
      EXPECT_CLOSE(db, db_wanted, 1e-5);
    }
}

TEST_F(CpuProducts, Gemm) {
  const std::int64_t m = 7, n = 19, k = 33, batch = 5;
  const Floats a = random_floats(batch * m * k, 1), b = random_floats(batch * k * n, 2);
  for (const bool ta : {false, true})
    for (const bool tb : {false, true})
      for (const float beta : {0.0F, 0.5F, 1.0F}) {
        Floats found = random_floats(batch * m * n, 3), wanted = found;
        GemmArgs args{a.data(), b.data(), found.data(), m,    n,     k,     ta ? m : k, tb ? k : n, n,
                      ta,       tb,       0.7F,         beta, batch, m * k, k * n,      m * n};
        cpu_->gemm(args);
        args.c = wanted.data();
        reference_->gemm(args);
        EXPECT_CLOSE(found, wanted, 1e-5);
      }
}

// If the processor does not multiply bf16, it returns false and writes nothing. Sizes that are not whole blocks, two
// slices of k, and more columns than are multiplied at a time.
TEST_F(CpuProducts, PackedBf16) {
  struct Sizes {
    std::int64_t m, out, in;
  };
  for (const Sizes& s : {Sizes{8, 33, 31}, {1, 100, 801}, {300, 200, 100}, {50, 3100, 40}, {29, 70, 801}})
    for (const bool accumulate : {false, true}) {
      const Weight weight = make_weight(DType::kBF16, s.out, s.in, WeightLayout::kOutIn, true);
      const cpu::PackedMatrix packed = cpu::pack_matrix(weight.view);
      const Floats x = random_floats(s.m * s.in, 1), some = random_floats(s.out, 2);
      const float* const bias = accumulate ? nullptr : some.data();
      Floats found = random_floats(s.m * s.out, 3), wanted(found);
      const cpu::PackedProduct product{{x.data(), s.in, s.m, bias, found.data(), s.out, accumulate}, &packed};
      if (!cpu::multiply_packed_bf16({&product, 1})) {
        EXPECT_EQ(found, wanted);
        GTEST_SKIP() << "no bf16 product here";
      }
      reference_->linear({x.data(), s.in, s.m, weight.view, bias, wanted.data(), s.out, accumulate, Precision::kF32});
      EXPECT_CLOSE(found, wanted, 1e-2);
    }
}

// Mixed-precision training: whole steps of 64 rows, a rest, and fewer rows than one step.
TEST_F(CpuProducts, RoundedToBf16WhileTraining) {
  const std::int64_t in = 136, out = 200;
  for (const std::int64_t m : {50, 64, 300})
    for (const WeightLayout layout : {WeightLayout::kOutIn, WeightLayout::kInOut})
      for (const bool accumulate : {false, true}) {
        const Weight weight = make_weight(DType::kF32, out, in, layout, false);
        compare(weight, m, Precision::kBF16, true, accumulate, 1e-2);
        const Floats dy = random_floats(m * (out + 2), 1), x = random_floats(m * (in + 1), 2);
        Floats dx = random_floats(m * in, 3), dx_wanted = dx, dw = random_floats(out * in, 4), dw_wanted = dw;
        LinearGradInputArgs to_x{dy.data(), out + 2, m, weight.view, dx.data(), in, accumulate, Precision::kBF16};
        cpu_->linear_grad_input(to_x);
        to_x.dx = dx_wanted.data();
        reference_->linear_grad_input(to_x);
        EXPECT_CLOSE(dx, dx_wanted, 1e-2);
        LinearGradWeightArgs to_weight{dy.data(), x.data(), out + 2,   in + 1,  m,          out,
                                       in,        layout,   dw.data(), nullptr, accumulate, Precision::kBF16};
        cpu_->linear_grad_weight(to_weight);
        to_weight.dweight = dw_wanted.data();
        reference_->linear_grad_weight(to_weight);
        EXPECT_CLOSE(dw, dw_wanted, 1e-2);
      }
}

TEST_F(CpuProducts, SameBitsForAnyNumberOfThreads) {
  const std::int64_t m = 40, out = 200, in = 320;
  const Floats x = random_floats(m * in, 1);
  for (const DType type : {DType::kF32, DType::kBF16, DType::kQ4_1, DType::kQ8_0}) {
    const Weight weight = make_weight(type, out, in, WeightLayout::kOutIn, true);
    Floats first;
    for (const int count : {1, 2, 3}) {
      set_threads(count);
      Floats y(static_cast<std::size_t>(m * out));
      cpu_->linear({x.data(), in, m, weight.view, nullptr, y.data(), out, false, Precision::kByWeight});
      if (first.empty()) first = y;
      EXPECT_EQ(first, y);
    }
    set_threads(0);
  }
}

}  // namespace
}  // namespace linnet
