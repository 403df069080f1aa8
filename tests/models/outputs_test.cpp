#include "linnet/models/outputs.h"

#include <gtest/gtest.h>

#include "linnet/models/loader.h"
#include "tests/models/fixture.h"

namespace linnet::models {
namespace {

const Tensor& named(const std::vector<NamedTensor>& all, const std::string& name) {
  for (const NamedTensor& t : all)
    if (t.name == name) return t.value;
  ADD_FAILURE() << "no " << name;
  return all.front().value;
}

TEST(Outputs, StandWhereThePaddingPutsThem) {
  const auto folder = fixtures() / "bert/pretraining";
  const auto model = load_model(folder, {.dtype = WeightType::kF32});
  const Expected expected(folder / "expected.safetensors");
  const auto found = outputs(*model, expected.batch());
  for (const char* name : {"last_hidden_state", "logits", "pooler_output", "seq_relationship_logits"}) {
    const Tensor wanted = expected.floats(name);
    EXPECT_EQ(named(found, name).shape(), wanted.shape());
    expect_close(named(found, name).data<float>(), wanted.data<float>(), 1e-4, name);
  }
}

TEST(Outputs, RefuseWhatIsNoBatch) {
  const auto model = load_model(fixtures() / "llama/causal");
  EXPECT_THROW(outputs(*model, {}), Error);
  EXPECT_THROW(outputs(*model, {{{5, 6}, {7}}, {}, {}}), Error);
  EXPECT_THROW(outputs(*model, {{{5, 6}}, {{0, 0}}, {}}), Error);
  EXPECT_THROW(outputs(*model, {{{5, 67}}, {}, {}}), Error);
}

}  // namespace
}  // namespace linnet::models
