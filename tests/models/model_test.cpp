#include "linnet/models/model.h"

#include <gtest/gtest.h>

#include "linnet/base/file.h"
#include "linnet/ops/ops.h"
#include "tests/models/fixture.h"

namespace linnet {
namespace {

using models::HeadKind;
using models::Model;

class Forward : public ::testing::TestWithParam<std::string> {};

std::vector<float> column(const Tensor& x, std::int64_t c) {
  std::vector<float> out;
  for (std::int64_t r = 0; r < x.size(0); ++r)
    out.push_back(x.data<float>()[static_cast<std::size_t>(r * x.size(1) + c)]);
  return out;
}

bool speaks(HeadKind head) {
  return head == HeadKind::kCausalLm || head == HeadKind::kMaskedLm || head == HeadKind::kPretraining;
}

// Hidden states and every head of a batch, padded on either side, against each row alone in the reference library.
void compare(const Model& model, const Expected& expected, const std::string& prefix) {
  const nn::PaddedBatch padded = expected.batch(prefix);
  const auto mask = expected.batch("").mask;  // the expected tensors are right-padded
  const nn::Packed batch = nn::pack(padded);
  const Tensor hidden = model.forward(batch);
  expect_close(hidden.data<float>(), expected.kept("last_hidden_state", mask), 1e-4, prefix + "hidden");
  const HeadKind head = model.config().head;
  if (speaks(head))
    expect_close(model.logits(hidden).data<float>(), expected.kept("logits", mask), 1e-4, prefix + "logits");
  if (head == HeadKind::kSequenceClass)
    expect_close(model.classify(model.pooled(hidden, batch)).data<float>(), expected.kept("logits", mask), 1e-4,
                 prefix + "logits");
  if (head == HeadKind::kTokenClass)
    expect_close(model.classify(hidden).data<float>(), expected.kept("logits", mask), 1e-4, prefix + "logits");
  if (head == HeadKind::kQuestionAnswering) {
    const Tensor spans = model.classify(hidden);
    expect_close(column(spans, 0), expected.kept("start_logits", mask), 1e-4, prefix + "start");
    expect_close(column(spans, 1), expected.kept("end_logits", mask), 1e-4, prefix + "end");
  }
  if (expected.has("pooler_output"))
    expect_close(model.pooled(hidden, batch).data<float>(), expected.floats("pooler_output").data<float>(), 1e-4,
                 prefix + "pooler");
  if (head == HeadKind::kNextSentence || head == HeadKind::kPretraining)
    expect_close(
        model.next_sentence(model.pooled(hidden, batch)).data<float>(),
        expected.floats(expected.has("seq_relationship_logits") ? "seq_relationship_logits" : "logits").data<float>(),
        1e-4, prefix + "nsp");
}

TEST_P(Forward, GivesTheReferencesNumbersUnderAnyPadding) {
  const auto model = Model::from_pretrained(fixtures() / GetParam(), {.dtype = models::WeightType::kF32});
  const Expected expected(fixtures() / GetParam() / "expected.safetensors");
  compare(*model, expected, "");
  if (expected.has("left.input_ids")) compare(*model, expected, "left.");
}

INSTANTIATE_TEST_SUITE_P(Fixtures, Forward, ::testing::ValuesIn(fixture_cases("expected.safetensors")), case_name);

TEST(Model, SavesWhatItRead) {
  const auto source = fixtures() / "llama/causal";
  const auto folder = std::filesystem::path(::testing::TempDir()) / "linnet_saved_llama";
  Model::from_pretrained(source)->save_pretrained(folder);
  EXPECT_EQ(read_file(folder / "model.safetensors"), read_file(source / "model.safetensors"));
  const Expected expected(source / "expected.safetensors");
  compare(*Model::from_pretrained(folder), expected, "");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace linnet
