#include "linnet/models/model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "linnet/base/file.h"
#include "linnet/models/loader.h"
#include "linnet/models/saver.h"
#include "linnet/ops/ops.h"
#include "tests/models/fixture.h"
#include "tests/quarantine.h"
#include "tests/scratch.h"

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

std::vector<float> floats(const Tensor& x) {
  const Tensor here = x.to(kCpu);
  return {here.data<float>().begin(), here.data<float>().end()};
}

bool speaks(HeadKind head) {
  return head == HeadKind::kCausalLm || head == HeadKind::kMaskedLm || head == HeadKind::kPretraining;
}

// The same for an encoder-decoder; the decoder's rows are always padded on the right.
void compare_two_stacks(const Model& model, const Expected& expected, const std::string& prefix) {
  const auto mask = expected.batch("").mask, decoder_mask = expected.rows("decoder_attention_mask");
  const nn::Encoded encoded = model.encode(nn::pack(expected.batch(prefix)));
  expect_close(floats(encoded.hidden), expected.kept("encoder_last_hidden_state", mask), 1e-4, prefix + "encoder");
  const nn::PaddedBatch decoder{expected.rows("decoder_input_ids"), decoder_mask, {}};
  const Tensor hidden = model.forward(nn::pack(decoder), {.encoder = &encoded});
  expect_close(floats(hidden), expected.kept("last_hidden_state", decoder_mask), 1e-4, prefix + "hidden");
  if (expected.has("logits"))
    expect_close(floats(model.logits(hidden)), expected.kept("logits", decoder_mask), 1e-4, prefix + "logits");
}

// Hidden states and every head of a batch, padded on either side, against each row alone in the reference library.
void compare(const Model& model, const Expected& expected, const std::string& prefix) {
  if (expected.has("decoder_input_ids")) return compare_two_stacks(model, expected, prefix);
  const nn::PaddedBatch padded = expected.batch(prefix);
  const auto mask = expected.batch("").mask;  // the expected tensors are right-padded
  const nn::Packed batch = nn::pack(padded);
  const Tensor hidden = model.forward(batch);
  expect_close(floats(hidden), expected.kept("last_hidden_state", mask), 1e-4, prefix + "hidden");
  const HeadKind head = model.config().head;
  if (speaks(head)) expect_close(floats(model.logits(hidden)), expected.kept("logits", mask), 1e-4, prefix + "logits");
  if (head == HeadKind::kSequenceClass)
    expect_close(floats(model.classify(model.pooled(hidden, batch))), expected.kept("logits", mask), 1e-4,
                 prefix + "logits");
  if (head == HeadKind::kTokenClass)
    expect_close(floats(model.classify(hidden)), expected.kept("logits", mask), 1e-4, prefix + "logits");
  if (head == HeadKind::kQuestionAnswering) {
    const Tensor spans = model.classify(hidden).to(kCpu);
    expect_close(column(spans, 0), expected.kept("start_logits", mask), 1e-4, prefix + "start");
    expect_close(column(spans, 1), expected.kept("end_logits", mask), 1e-4, prefix + "end");
  }
  if (expected.has("pooler_output"))
    expect_close(floats(model.pooled(hidden, batch)), expected.floats("pooler_output").data<float>(), 1e-4,
                 prefix + "pooler");
  if (head == HeadKind::kNextSentence || head == HeadKind::kPretraining)
    expect_close(
        floats(model.next_sentence(model.pooled(hidden, batch))),
        expected.floats(expected.has("seq_relationship_logits") ? "seq_relationship_logits" : "logits").data<float>(),
        1e-4, prefix + "nsp");
}

TEST_P(Forward, GivesTheReferencesNumbersUnderAnyPadding) {
  const auto model = models::load_model(fixtures() / GetParam(), {.dtype = models::WeightType::kF32});
  const Expected expected(fixtures() / GetParam() / "expected.safetensors");
  compare(*model, expected, "");
  if (expected.has("left.input_ids")) compare(*model, expected, "left.");
}

TEST_P(Forward, RunsOnADeviceWhoseMemoryOnlyKernelsTouch) {
  const auto model =
      models::load_model(fixtures() / GetParam(), {.dtype = models::WeightType::kF32, .device = quarantine()});
  ASSERT_EQ(model->device(), quarantine());
  compare(*model, Expected(fixtures() / GetParam() / "expected.safetensors"), "");
}

INSTANTIATE_TEST_SUITE_P(Fixtures, Forward, ::testing::ValuesIn(fixture_cases("expected.safetensors")), case_name);

TEST(Model, SavesWhatItRead) {
  const auto source = fixtures() / "llama/causal";
  const auto folder = std::filesystem::path(::testing::TempDir()) / "linnet_saved_llama";
  models::save_model(*models::load_model(source), folder);
  EXPECT_EQ(read_file(folder / "model.safetensors"), read_file(source / "model.safetensors"));
  const Expected expected(source / "expected.safetensors");
  compare(*models::load_model(folder), expected, "");
  std::filesystem::remove_all(folder);
}

namespace {

std::string error_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

void spoil(Model& model, const std::string& name, float value) {
  model.make_trainable();
  for (const nn::Parameter& p : model.parameters())
    if (p.name == name) p.tensor->data<float>()[0] = value;
}

}  // namespace

// Results that are not finite are an error naming the first tensor that is not.
TEST(Finiteness, BadWeightsAreNamed) {
  const nn::Packed batch = nn::pack({{5, 6, 7}});
  for (const float bad : {NAN, INFINITY}) {
    auto model = models::load_model(fixtures() / "gpt2/causal");
    spoil(*model, "layers.1.ffn.up.weight", bad);
    EXPECT_NE(error_of([&] { model->forward(batch); }).find("h.1.mlp.c_fc.weight"), std::string::npos);
    model->pass().training = true;  // training checks itself
    EXPECT_NO_THROW(model->forward(batch));
  }
  auto untied = models::load_model(fixtures() / "gpt2/untied");
  spoil(*untied, "head.output.weight", NAN);
  const Tensor hidden = untied->forward(batch);
  EXPECT_NE(error_of([&] { untied->logits(hidden); }).find("lm_head.weight"), std::string::npos);
  auto classifier = models::load_model(fixtures() / "bert/classifier");
  spoil(*classifier, "head.classifier.bias", -INFINITY);
  const Tensor pooled = classifier->pooled(batch);
  EXPECT_NE(error_of([&] { classifier->classify(pooled); }).find("classifier.bias"), std::string::npos);
}

// Finite weights with results that are not finite.
TEST(Finiteness, AnOverflowIsNoDamagedFile) {
  auto model = models::load_model(fixtures() / "gpt2/causal");
  spoil(*model, "final_norm.weight", 3e38f);
  model->make_trainable();
  for (const nn::Parameter& p : model->parameters())
    if (p.name == "final_norm.weight")
      for (float& value : p.tensor->data<float>()) value = 3e38f;
  EXPECT_NE(error_of([&] {
              model->logits(model->forward(nn::pack({{5, 6, 7}})));
            }).find("overflow"),
            std::string::npos);
}

// Such weights are not saved, and neither are weights that overflow the type.
TEST(Finiteness, BadWeightsAreNotSaved) {
  Scratch scratch;
  auto model = models::load_model(fixtures() / "llama/causal");
  spoil(*model, "layers.0.attention.key.weight", 1e6f);
  EXPECT_NO_THROW(models::save_model(*model, scratch / "f32"));
  EXPECT_NE(
      error_of([&] { models::save_model(*model, scratch / "f16", models::WeightType::kF16); }).find("F16 cannot hold"),
      std::string::npos);
  spoil(*model, "layers.0.attention.key.weight", NAN);
  const std::string said = error_of([&] { models::save_model(*model, scratch / "nan"); });
  EXPECT_NE(said.find("layers.0.self_attn.k_proj.weight"), std::string::npos) << said;
}

}  // namespace
}  // namespace linnet
