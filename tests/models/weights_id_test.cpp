#include "linnet/models/weights_id.h"

#include <gtest/gtest.h>

#include "linnet/base/error.h"
#include "linnet/io/checkpoint.h"
#include "tests/scratch.h"

namespace linnet::models {
namespace {

std::string id_of(float value, std::size_t at, const char* name = "w", Shape shape = {64, 64}) {
  Scratch scratch;
  Tensor tensor = Tensor::zeros(shape);
  tensor.data<float>()[at] = value;
  CheckpointWriter out(scratch.path());
  out.add(name, tensor);
  out.finish();
  return weights_id(*CheckpointReader::open(scratch.path()));
}

TEST(WeightsId, FollowsNamesShapesAndValues) {
  const std::string id = id_of(1, 0);
  EXPECT_EQ(id.size(), 64U);
  EXPECT_EQ(id, id_of(1, 0)) << "the same weights in another folder";
  EXPECT_NE(id, id_of(2, 0));
  EXPECT_NE(id, id_of(1, 64 * 64 - 1));
  EXPECT_NE(id, id_of(1, 0, "v"));
  EXPECT_NE(id, id_of(1, 0, "w", {32, 128}));
}

TEST(WeightsId, SmallTensorsCountWhole) {
  for (std::size_t i = 1; i < 16; ++i) EXPECT_NE(id_of(1, 0, "b", {16}), id_of(1, i, "b", {16})) << i;
}

TEST(WeightsId, AFolderWithoutWeightsIsRefused) {
  const Scratch scratch;
  EXPECT_THROW(weights_id(*CheckpointReader::open(scratch.path())), Error);
}

}  // namespace
}  // namespace linnet::models
