// Results of every model do not depend on other texts of the batch, on padding, on a cache, on the run, or on the
// number of threads.
#include <gtest/gtest.h>

#include "linnet/base/parallel.h"
#include "linnet/models/loader.h"
#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet::models {
namespace {

using Rows = std::vector<std::vector<std::int32_t>>;

// Output for a batch: logits of the head, or the hidden rows without one.
std::vector<float> answers(const Model& model, const nn::Packed& batch) {
  const Tensor hidden = model.forward(batch);
  Tensor out = hidden;
  switch (model.config().head) {
    case HeadKind::kSequenceClass:
      out = model.classify(model.pooled(hidden, batch));
      break;
    case HeadKind::kNextSentence:
      out = model.next_sentence(model.pooled(hidden, batch));
      break;
    case HeadKind::kTokenClass:
    case HeadKind::kQuestionAnswering:
      out = model.classify(hidden);
      break;
    case HeadKind::kNone:
      break;
    default:
      out = model.logits(hidden);
  }
  return {out.data<float>().begin(), out.data<float>().end()};
}

// The rows with `amount` masked tokens on a side, or one between all tokens.
nn::PaddedBatch padded(const nn::PaddedBatch& bare, const std::string& where, std::int32_t amount, std::int32_t id) {
  nn::PaddedBatch out;
  for (std::size_t r = 0; r < bare.ids.size(); ++r) {
    std::vector<std::int32_t> ids, mask, types;
    const auto pad = [&](std::int32_t n) {
      for (std::int32_t i = 0; i < n; ++i) ids.push_back(id), mask.push_back(0), types.push_back(0);
    };
    if (where == "left") pad(amount);
    for (std::size_t i = 0; i < bare.ids[r].size(); ++i) {
      if (bare.mask[r][i] == 0) continue;
      ids.push_back(bare.ids[r][i]), mask.push_back(1);
      types.push_back(bare.type_ids.empty() ? 0 : bare.type_ids[r][i]);
      if (where == "between") pad(1);
    }
    if (where == "right") pad(amount);
    out.ids.push_back(ids), out.mask.push_back(mask);
    if (!bare.type_ids.empty()) out.type_ids.push_back(types);
  }
  return out;
}

class Invariance : public ::testing::TestWithParam<std::string> {
 protected:
  Invariance()
      : model_(load_model(fixtures() / GetParam(), {.dtype = WeightType::kF32})),
        batch_(Expected(fixtures() / GetParam() / "expected.safetensors").batch()) {}
  std::unique_ptr<Model> model_;
  nn::PaddedBatch batch_;
};

TEST_P(Invariance, PaddingOnAnySideInAnyAmountWithAnyIdChangesNoBit) {
  const auto wanted = answers(*model_, nn::pack(batch_));
  for (const char* where : {"left", "right", "between"})
    for (const std::int32_t amount : {1, 50})
      for (const std::int32_t id : {0, 2, 66})
        EXPECT_EQ(answers(*model_, nn::pack(padded(batch_, where, amount, id))), wanted) << where << amount << id;
}

TEST_P(Invariance, ARowAloneSaysWhatItSaysInABatch) {
  const auto together = answers(*model_, nn::pack(batch_));
  std::vector<float> one_by_one;
  for (std::size_t r = 0; r < batch_.ids.size(); ++r) {
    nn::PaddedBatch row{{batch_.ids[r]}, {batch_.mask[r]}, {}};
    if (!batch_.type_ids.empty()) row.type_ids = {batch_.type_ids[r]};
    const auto own = answers(*model_, nn::pack(row));
    one_by_one.insert(one_by_one.end(), own.begin(), own.end());
  }
  EXPECT_EQ(one_by_one, together);
}

TEST_P(Invariance, RunsRepeatBitForBitAndThreadsAgree) {
  const nn::Packed batch = nn::pack(batch_);
  const int before = threads();
  set_threads(2);
  const auto first = answers(*model_, batch), second = answers(*model_, batch);
  set_threads(1);
  const auto one = answers(*model_, batch);
  set_threads(before);
  EXPECT_EQ(first, second);
  expect_close(one, first, 1e-5, "one thread");
}

INSTANTIATE_TEST_SUITE_P(
    Fixtures, Invariance,
    ::testing::Values("bert/classifier", "bert/masked", "bert/next-sentence", "bert/questions", "bert/tokens",
                      "bert/trunk", "bloom/causal", "bloom/classifier", "bloom/post-norm", "bloom/tokens",
                      "gpt2/causal", "gpt2/classifier", "gpt2/questions", "gpt2/tokens", "llama/causal",
                      "llama/classifier", "llama/questions", "llama/rope-dynamic", "llama/rope-longrope",
                      "llama/tokens", "llama/wide-heads", "mistral/causal", "mistral/questions", "qwen2/causal",
                      "qwen2/classifier", "qwen2/questions", "qwen3/causal", "qwen3/classifier", "qwen3/wide-heads",
                      "phi3/rope-longrope", "phi3/classifier", "gpt_neox/causal", "gpt_neox/sequential",
                      "gpt_neox/questions", "olmo2/causal", "granite/causal", "stablelm/causal", "opt/causal",
                      "opt/projected", "opt/classifier-projected", "roberta/trunk", "roberta/classifier",
                      "roberta/masked", "camembert/tokens", "distilbert/classifier", "distilbert/masked",
                      "distilbert/questions", "electra/trunk", "electra/classifier", "electra/masked", "mpnet/trunk",
                      "mpnet/long", "mpnet/classifier", "albert/groups", "albert/masked", "deberta-v2/classifier",
                      "deberta-v2/masked", "deberta-v2/one-kind", "deberta-v2/questions", "bart/classifier",
                      "bart/questions", "mbart/classifier", "t5/classifier", "mistral/window", "mistral/window-blocks",
                      "qwen2/window", "gemma/causal", "gemma2/causal", "gemma2/blocks", "gemma3_text/two-ropes",
                      "smollm3/window", "modernbert/long", "modernbert/mean", "modernbert/classifier"),
    case_name);

}  // namespace
}  // namespace linnet::models
