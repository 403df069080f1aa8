#include <gtest/gtest.h>

#include "linnet/adapt/loaded.h"
#include "linnet/base/error.h"
#include "tests/train/encoded.h"
#include "tests/train/tiny_run.h"

namespace linnet {
namespace {

using Ids = std::vector<std::int32_t>;

std::filesystem::path bert() { return fixtures() / "bert/masked"; }

const TrainTask& masked_lm() { return *task_named("masked-lm"); }

TEST(EncodeMasked, WordsAreNumberedSpecialTokensAreNot) {
  const EncodedExample e = encode(bert(), R"({"text":"w5 w6"})", "masked-lm").examples[0];
  EXPECT_EQ(e.ids, (Ids{1, 5, 6, 2}));
  EXPECT_LT(e.words[0], 0);
  EXPECT_LT(e.words[3], 0);
  EXPECT_NE(e.words[1], e.words[2]);
}

TEST(EncodePairs, ZeroIsNext) {
  std::string rows;
  for (int i = 0; i < 40; ++i) rows += fmt::format("{{\"text\":\"w{0}. w{1}. w{0}.\"}}\n", 5 + i % 20, 6 + i % 20);
  const EncodedSet set = encode(fixtures() / "bert/next-sentence", rows, "next-sentence");
  ASSERT_EQ(set.examples.size(), 80u);
  std::int64_t next = 0;
  for (std::size_t i = 0; i < set.examples.size(); ++i) {
    const EncodedExample& e = set.examples[i];
    ASSERT_EQ(e.type_ids.size(), e.ids.size());
    EXPECT_EQ(e.type_ids.back(), 1);
    next += e.label == 0;
  }
  EXPECT_GT(next, 20);
  EXPECT_LT(next, 60);
}

TEST(EncodePairs, LabelledPairsAreTakenAsTheyAre) {
  const EncodedSet set = encode(fixtures() / "bert/next-sentence", R"({"text":"w5","text_pair":"w6","label":0}
{"text":"w5","text_pair":"w9","label":1})",
                                "next-sentence");
  EXPECT_EQ(set.examples[0].label, 0);
  EXPECT_EQ(set.examples[1].label, 1);
  EXPECT_EQ(set.examples[1].ids, (Ids{1, 5, 2, 9, 2}));
}

TEST(MaskedObjective, MasksAreNewEveryStepAndTheSameForTheSameStep) {
  const auto folder = fixtures() / "bert/masked";
  const Loaded loaded = load_pretrained(folder);
  const auto objective = masked_lm().objective(encode(folder, plain_rows(6), "masked-lm"), *loaded.model,
                                               loaded.tokenizer(), {.mask_probability = 0.5});
  const std::int64_t rows[] = {0, 1, 2};
  EXPECT_EQ(objective->batch(rows, {1, 5}).packed.ids, objective->batch(rows, {1, 5}).packed.ids);
  EXPECT_NE(objective->batch(rows, {1, 5}).packed.ids, objective->batch(rows, {1, 6}).packed.ids);
}

// The mask of a text does not depend on the other rows: so accumulation gives the same as one batch.
TEST(MaskedObjective, MasksDoNotDependOnTheBatch) {
  const auto folder = fixtures() / "bert/masked";
  const Loaded loaded = load_pretrained(folder);
  const auto objective = masked_lm().objective(encode(folder, plain_rows(6), "masked-lm"), *loaded.model,
                                               loaded.tokenizer(), {.mask_probability = 0.5});
  const std::int64_t together[] = {4, 1}, alone[] = {1};
  const TrainBatch both = objective->batch(together, {1, 5}), one = objective->batch(alone, {1, 5});
  EXPECT_EQ(std::vector<std::int32_t>(both.targets.begin() + both.packed.starts[1], both.targets.end()), one.targets);
}

TEST(MaskedObjective, HeadsThatDoNotSpeakAreRefused) {
  const Loaded loaded = load_pretrained(fixtures() / "bert/next-sentence");
  EXPECT_THROW(masked_lm().objective({}, *loaded.model, loaded.tokenizer(), {}), Error);
}

}  // namespace
}  // namespace linnet
