#include "linnet/nn/lora.h"

#include <gmock/gmock.h>

#include "linnet/nn/linear.h"

namespace linnet::nn {
namespace {

using ::testing::ElementsAre;

Tensor column(const std::vector<float>& values) {
  Tensor t = Tensor::empty({std::ssize(values), 1});
  std::ranges::copy(values, t.data<float>().begin());
  return t;
}
std::vector<float> floats(const Tensor& t) {
  const auto all = t.data<float>();
  return {all.begin(), all.end()};
}

// A module of one input and one output that multiplies by `factor`, and updates that add `added` times the input.
class LoraRowsTest : public ::testing::Test {
 protected:
  LoraRowsTest() { linear_.weight() = column({1}); }
  std::shared_ptr<const LoraUpdates> adding(float added) {
    auto updates = std::make_shared<LoraUpdates>();
    updates->add(&linear_, {.a = column({1}), .b = column({added})});
    return updates;
  }
  Linear linear_{1, 1, false};
};

TEST_F(LoraRowsTest, EachRowHasItsOwnUpdate) {
  const Tensor x = column({1, 1, 1, 1, 1});
  const Pass pass{.lora = {{adding(10), 0, 2}, {adding(100), 3, 5}}};
  EXPECT_THAT(floats(linear_(x, pass)), ElementsAre(11, 11, 1, 101, 101));
  EXPECT_THAT(floats(x), ElementsAre(1, 1, 1, 1, 1));
}

TEST_F(LoraRowsTest, GatheredRowsKeepTheirs) {
  const std::vector<std::int32_t> wanted{1, 2, 4};
  const Pass pass = Pass{.lora = {{adding(10), 0, 2}, {adding(100), 3, 5}}}.over(wanted);
  EXPECT_THAT(floats(linear_(column({1, 1, 1}), pass)), ElementsAre(11, 1, 101));
  const Pass all = Pass{.lora = {{adding(10)}}}.over(wanted);
  EXPECT_THAT(floats(linear_(column({1, 1, 1}), all)), ElementsAre(11, 11, 11));
}

TEST_F(LoraRowsTest, OtherModulesAreLeftAlone) {
  Linear other(1, 1, false);
  other.weight() = column({2});
  EXPECT_THAT(floats(other(column({1, 1}), {.lora = {{adding(10)}}})), ElementsAre(2, 2));
}

}  // namespace
}  // namespace linnet::nn
