#include "linnet/tensor/blocks.h"
#include "tests/ops/gradient_check.h"

namespace linnet {
namespace {

using namespace testing;

TEST(Embedding, PicksRows) {
  const Tensor table = Tensor::from(std::vector<float>{1, 2, 3, 4, 5, 6}, {3, 2});
  const std::int32_t ids[] = {2, 0, 2};
  EXPECT_EQ(values_of(embedding(table, ids)), (std::vector<float>{5, 6, 1, 2, 5, 6}));
  EXPECT_EQ(embedding(table, {}).shape(), (Shape{0, 2}));
}

TEST(Embedding, OfAQuantisedTable) {
  const Tensor table = random_tensor({3, 32}, 1), stored = quantized(table, DType::kQ8_0);
  const std::int32_t ids[] = {1};
  const auto wanted = values_of(dequantized(stored));
  const auto found = values_of(embedding(stored, ids));
  EXPECT_TRUE(std::equal(found.begin(), found.end(), wanted.begin() + 32));
}

TEST(Embedding, GradientOfRepeatedIds) {
  const std::vector<std::int32_t> ids{3, 1, 3, 3, 0};
  check_gradients([&](const auto& in) { return embedding(in[0], ids); }, {random_tensor({4, 3}, 1)});
}

TEST(Embedding, TiedToTheOutput) {  // both uses of the table add up
  const std::vector<std::int32_t> ids{3, 1, 3}, targets{1, -1, 2};
  check_gradients([&](const auto& in) { return linear_cross_entropy(embedding(in[0], ids), in[0], {}, targets); },
                  {random_tensor({4, 3}, 1)});
}

// The gradient records its rows, so that only those are cleared and read; each step is as with a new gradient.
TEST(Embedding, GradientsOfSeveralStepsKnowTheirRows) {
  Tensor table = random_tensor({5, 3}, 1);
  table.set_requires_grad();
  const auto step = [&](std::vector<std::vector<std::int32_t>> uses) {
    table.clear_grad();
    for (const auto& ids : uses) {
      const GradGuard on(true);
      backward(sum(embedding(table, ids)));
    }
    std::vector<float> rows;
    for (std::int64_t r = 0; r < 5; ++r) {
      const auto row = table.grad().slice(0, r, r + 1).data<float>();
      EXPECT_EQ(row[0], row[2]);
      rows.push_back(row[0]);
    }
    return rows;
  };
  const auto known = [&] { return table.grad_state()->rows.value_or(std::vector<std::int32_t>{-1}); };
  EXPECT_EQ(step({{3, 1, 3}}), (std::vector<float>{0, 1, 0, 2, 0}));
  EXPECT_EQ(known(), (std::vector<std::int32_t>{1, 3}));
  EXPECT_EQ(step({{4}, {0, 4}}), (std::vector<float>{1, 0, 0, 0, 2}));
  EXPECT_EQ(known(), (std::vector<std::int32_t>{0, 4}));
  const Tensor held = table.grad();  // another owner's: must not be cleared
  EXPECT_EQ(step({{2}}), (std::vector<float>{0, 0, 1, 0, 0}));
  EXPECT_EQ(held.data<float>()[0], 1);
  table.clear_grad();
  const std::int32_t ids[] = {3, 1}, targets[] = {1, 2};
  {
    const GradGuard on(true);
    backward(linear_cross_entropy(embedding(table, ids), table, {}, targets));
  }
  EXPECT_EQ(known(), (std::vector<std::int32_t>{-1})) << "the output's matrix too: any row has a gradient";
  EXPECT_NE(table.grad().data<float>()[0], 0);
}

TEST(Embedding, RefusesIdsOutsideAndQuantisedGradients) {
  const std::int32_t high[] = {4}, low[] = {-1}, good[] = {0};
  expect_refused([&] { embedding(random_tensor({4, 3}, 1), high); }, {"embedding", "4"});
  expect_refused([&] { embedding(random_tensor({4, 3}, 1), low); }, {"embedding", "-1"});
  Tensor table = quantized(random_tensor({3, 32}, 1), DType::kQ4_1);
  table.set_requires_grad();
  const GradGuard on(true);
  expect_refused([&] { embedding(table, good); }, {"embedding", "Q4_1", "no gradient"});
}

}  // namespace
}  // namespace linnet
