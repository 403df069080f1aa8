#include <gtest/gtest.h>

#include <cmath>

#include "linnet/adapt/loaded.h"
#include "linnet/train/encode/targets.h"
#include "tests/scratch.h"
#include "tests/train/encoded.h"
#include "tests/train/tiny_run.h"

namespace linnet {
namespace {

using Ids = std::vector<std::int32_t>;

std::filesystem::path llama() { return fixtures() / "llama/causal"; }

TEST(EncodeCausal, RowsSayTheNextTokenAndTheEnd) {
  const EncodedExample e = encode(llama(), R"({"text":"w5 w6 w7"})", "causal-lm").examples[0];
  EXPECT_EQ(e.ids.back(), 2);
  ASSERT_EQ(e.targets.size(), e.ids.size());
  for (std::size_t i = 0; i + 1 < e.ids.size(); ++i) EXPECT_EQ(e.targets[i], e.ids[i + 1]);
  EXPECT_EQ(e.targets.back(), -1);
  const EncodedExample open = encode(llama(), R"({"text":"w5 w6 w7"})", "causal-lm", {.append_eos = false}).examples[0];
  EXPECT_EQ(open.ids, Ids(e.ids.begin(), e.ids.end() - 1));
}

TEST(EncodeCausal, PackingJoinsTextsAndCutsRows) {
  const EncodedSet set = encode(llama(), "{\"text\":\"w5 w6 w7\"}\n{\"text\":\"w8 w9\"}\n", "causal-lm",
                                {.packing = true, .max_length = 4});
  Ids joined;
  for (const EncodedExample& e : set.examples) {
    EXPECT_LE(e.ids.size(), 4u);
    joined.insert(joined.end(), e.ids.begin(), e.ids.end());
  }
  const EncodedSet apart = encode(llama(), "{\"text\":\"w5 w6 w7\"}\n{\"text\":\"w8 w9\"}\n", "causal-lm");
  Ids expected = apart.examples[0].ids;
  expected.insert(expected.end(), apart.examples[1].ids.begin(), apart.examples[1].ids.end());
  if (expected.size() % 4 == 1) expected.pop_back();  // a row of one token has no target
  EXPECT_EQ(joined, expected);
  EXPECT_EQ(set.truncated, 0);
}

TEST(EncodeCausal, OnlyTheCompletionIsLearned) {
  const EncodedExample e = encode(llama(), R"({"prompt":"w5 w6","completion":" w7 w8"})", "causal-lm").examples[0];
  Ids learned;
  for (const std::int32_t t : e.targets)
    if (t >= 0) learned.push_back(t);
  EXPECT_EQ(learned, (Ids{7, 8, 2}));
}

TEST(EncodeCausal, ALongPromptLosesItsBeginning) {
  const EncodedSet set =
      encode(llama(), R"({"prompt":"w5 w6 w9 w10","completion":" w7 w8"})", "causal-lm", {.max_length = 4});
  EXPECT_EQ(set.examples[0].ids, (Ids{10, 7, 8, 2}));
  EXPECT_EQ(set.truncated, 1);
}

TEST(EncodeCausal, OnlyTheAssistantIsLearned) {
  const Scratch scratch;
  const std::filesystem::path model = scratch.path() / "model";
  std::filesystem::copy(llama(), model);
  write_file(model / "chat_template.jinja",
             "{% for m in messages %}{% if m.role == 'user' %}w10 {% else %}w11 {% endif %}{{ m.content }} {% endfor %}"
             "{% if add_generation_prompt %}w11 {% endif %}");
  const EncodedExample e =
      encode(model,
             R"({"messages":[{"role":"user","content":"w5"},{"role":"assistant","content":"w6 w7"},)"
             R"({"role":"user","content":"w8"},{"role":"assistant","content":"w9"}]})",
             "causal-lm")
          .examples[0];
  EXPECT_EQ(e.ids, (Ids{10, 5, 11, 6, 7, 10, 8, 11, 9}));
  Ids learned;
  for (const std::int32_t t : e.targets)
    if (t >= 0) learned.push_back(t);
  EXPECT_EQ(learned, (Ids{6, 7, 9}));
}

// A chat without a turn of the assistant has no target and is counted; the user's words are never targets.
TEST(EncodeCausal, AChatWithoutAnAnswerIsCounted) {
  const Scratch scratch;
  const std::filesystem::path model = scratch.path() / "model";
  std::filesystem::copy(llama(), model);
  write_file(model / "chat_template.jinja", "{% for m in messages %}{{ m.content }} {% endfor %}");
  const EncodedSet set = encode(model,
                                R"({"messages":[{"role":"user","content":"w5"},{"role":"assistant","content":"w6"}]})"
                                "\n"
                                R"({"messages":[{"role":"user","content":"w8"},{"role":"user","content":"w9"}]})",
                                "causal-lm");
  ASSERT_EQ(set.examples.size(), 2u);
  for (const std::int32_t target : set.examples[1].targets) EXPECT_EQ(target, -1);
  EXPECT_EQ(set.without_answer, 1);
  EXPECT_EQ(set.first_without_answer, "rows.jsonl:2");
  TrainOptions options{.task = task_named("causal-lm")};
  EXPECT_EQ(
      target_warning(set, "rows.jsonl", options),
      "rows.jsonl: 1 of 2 rows teach nothing (the chat template shows no turn of the assistant, as in rows.jsonl:2); "
      "give them an answer, or remove them");
}

TEST(CausalObjective, PerplexityIsTheExponentialOfTheLoss) {
  const auto folder = fixtures() / "llama/causal";
  const Loaded loaded = load_pretrained(folder);
  const auto objective =
      task_named("causal-lm")
          ->objective(encode(folder, plain_rows(6), "causal-lm"), *loaded.model, loaded.tokenizer(), {});
  const std::int64_t rows[] = {0, 1, 2, 3};
  const TrainBatch batch = objective->batch(rows, {});
  Judged sums;
  objective->judge(*loaded.model, loaded.model->forward(batch.packed), batch, sums);
  const auto metrics = objective->metrics(sums);
  EXPECT_NEAR(metrics.at("eval_perplexity"), std::exp(metrics.at("eval_loss")), 1e-9);
  EXPECT_EQ(batch.counts[0], static_cast<double>(batch.packed.rows() - 4));
}

}  // namespace
}  // namespace linnet
