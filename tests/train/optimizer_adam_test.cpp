#include <gtest/gtest.h>

#include "linnet/base/error.h"
#include "linnet/base/rng.h"
#include "linnet/train/optimizer/optimizer.h"
#include "tests/train/parameter.h"

namespace linnet {
namespace {

nn::Parameter table(Tensor& value) { return parameter("embeddings.tokens.weight", value, nn::Role::kTokenTable); }

// Rows that no batch uses keep their bits and have no state; the others equal those of the dense optimiser.
TEST(Adam, UntouchedEmbeddingRowsCostNothing) {
  Rng rng(3);
  std::vector<float> values(8 * 4);
  for (float& v : values) v = rng.normal();
  Tensor sparse = Tensor::from(values, {8, 4}), dense = Tensor::from(values, {8, 4});
  const auto rows = make_optimizer({table(sparse)}, {.weight_decay = 0});
  const auto all = make_optimizer({table(dense)}, {.weight_decay = 0, .embedding_rows = EmbeddingRows::kAll});
  for (int step = 0; step < 5; ++step) {
    Tensor gradient = Tensor::zeros({8, 4});
    for (int i = 0; i < 4; ++i) gradient.data<float>()[static_cast<std::size_t>((step % 3 + 2) * 4 + i)] = rng.normal();
    sparse.set_grad(gradient);
    dense.set_grad(gradient);
    rows->step(0.01f);
    all->step(0.01f);
  }
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(sparse.data<float>()[i], dense.data<float>()[i]) << i;
  EXPECT_EQ(sparse.data<float>()[0], values[0]);
  const auto state = rows->state();
  EXPECT_EQ(state.at("exp_avg.embeddings.tokens.weight").shape(), (Shape{3, 4}));
  Tensor again = Tensor::from(std::vector<float>(sparse.data<float>().begin(), sparse.data<float>().end()), {8, 4});
  const auto resumed = make_optimizer({table(again)}, {.weight_decay = 0});
  resumed->load(state, rows->steps());
  sparse.set_grad(Tensor::from(values, {8, 4}));
  again.set_grad(Tensor::from(values, {8, 4}));
  rows->step(0.01f);
  resumed->step(0.01f);
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(sparse.data<float>()[i], again.data<float>()[i]) << i;
}

}  // namespace
}  // namespace linnet
