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

TEST(Outputs, OfAnEncoderHaveNoRowsOfASoftPrompt) {
  const auto model = load_model(fixtures() / "t5/seq2seq", {.dtype = WeightType::kF32});
  model->set_virtual_tokens({.prompt = Tensor::zeros({3, model->config().hidden})});
  const nn::PaddedBatch text{{{5, 6, 7}, {8, 9, 0}}, {{1, 1, 1}, {1, 1, 0}}, {}}, decoder{{{0, 5}, {0, 0}}, {}, {}};
  const auto found = outputs(*model, text, decoder);
  const Tensor rows = named(found, "encoder_last_hidden_state"), all = model->encode(nn::pack(text)).hidden;
  ASSERT_EQ(rows.shape(), (Shape{2, 3, model->config().hidden}));
  ASSERT_EQ(all.size(0), 3 + 3 + 3 + 2);
  expect_close(rows.data<float>().first(3 * 20), all.data<float>().subspan(3 * 20, 3 * 20), 0, "first text");
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
