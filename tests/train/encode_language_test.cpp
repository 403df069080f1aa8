#include <gtest/gtest.h>

#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/models/pretrained.h"
#include "linnet/train/encode.h"
#include "linnet/train/targets.h"
#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

using Ids = std::vector<std::int32_t>;

EncodedSet encode(const std::filesystem::path& folder, const std::string& rows, TrainTask task,
                  const TrainOptions& options = {}) {
  return encode_examples(parse_dataset(rows, "jsonl", "rows.jsonl"), models::load_tokenizer(folder),
                         models::Model::read_config(folder), task, options);
}
std::filesystem::path llama() { return fixtures() / "llama/causal"; }
std::filesystem::path bert() { return fixtures() / "bert/masked"; }

TEST(EncodeCausal, RowsSayTheNextTokenAndTheEnd) {
  const EncodedExample e = encode(llama(), R"({"text":"w5 w6 w7"})", TrainTask::kCausalLm).examples[0];
  EXPECT_EQ(e.ids.back(), 2);
  ASSERT_EQ(e.targets.size(), e.ids.size());
  for (std::size_t i = 0; i + 1 < e.ids.size(); ++i) EXPECT_EQ(e.targets[i], e.ids[i + 1]);
  EXPECT_EQ(e.targets.back(), -1);
  const EncodedExample open =
      encode(llama(), R"({"text":"w5 w6 w7"})", TrainTask::kCausalLm, {.append_eos = false}).examples[0];
  EXPECT_EQ(open.ids, Ids(e.ids.begin(), e.ids.end() - 1));
}

TEST(EncodeCausal, PackingJoinsTextsAndCutsRows) {
  const EncodedSet set = encode(llama(), "{\"text\":\"w5 w6 w7\"}\n{\"text\":\"w8 w9\"}\n", TrainTask::kCausalLm,
                                {.packing = true, .max_length = 4});
  Ids joined;
  for (const EncodedExample& e : set.examples) {
    EXPECT_LE(e.ids.size(), 4u);
    joined.insert(joined.end(), e.ids.begin(), e.ids.end());
  }
  const EncodedSet apart = encode(llama(), "{\"text\":\"w5 w6 w7\"}\n{\"text\":\"w8 w9\"}\n", TrainTask::kCausalLm);
  Ids expected = apart.examples[0].ids;
  expected.insert(expected.end(), apart.examples[1].ids.begin(), apart.examples[1].ids.end());
  if (expected.size() % 4 == 1) expected.pop_back();  // a row of one token has no target
  EXPECT_EQ(joined, expected);
  EXPECT_EQ(set.truncated, 0);
}

TEST(EncodeCausal, OnlyTheCompletionIsLearned) {
  const EncodedExample e =
      encode(llama(), R"({"prompt":"w5 w6","completion":" w7 w8"})", TrainTask::kCausalLm).examples[0];
  Ids learned;
  for (const std::int32_t t : e.targets)
    if (t >= 0) learned.push_back(t);
  EXPECT_EQ(learned, (Ids{7, 8, 2}));
}

TEST(EncodeCausal, ALongPromptLosesItsBeginning) {
  const EncodedSet set =
      encode(llama(), R"({"prompt":"w5 w6 w9 w10","completion":" w7 w8"})", TrainTask::kCausalLm, {.max_length = 4});
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
             TrainTask::kCausalLm)
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
                                TrainTask::kCausalLm);
  ASSERT_EQ(set.examples.size(), 2u);
  for (const std::int32_t target : set.examples[1].targets) EXPECT_EQ(target, -1);
  EXPECT_EQ(set.without_answer, 1);
  EXPECT_EQ(set.first_without_answer, "rows.jsonl:2");
  TrainOptions options{.task = TrainTask::kCausalLm};
  EXPECT_EQ(
      target_warning(set, "rows.jsonl", options),
      "rows.jsonl: 1 of 2 rows teach nothing (the chat template shows no turn of the assistant, as in rows.jsonl:2); "
      "give them an answer, or remove them");
}

TEST(EncodeMasked, WordsAreNumberedSpecialTokensAreNot) {
  const EncodedExample e = encode(bert(), R"({"text":"w5 w6"})", TrainTask::kMaskedLm).examples[0];
  EXPECT_EQ(e.ids, (Ids{1, 5, 6, 2}));
  EXPECT_LT(e.words[0], 0);
  EXPECT_LT(e.words[3], 0);
  EXPECT_NE(e.words[1], e.words[2]);
}

TEST(EncodePairs, ZeroIsNext) {
  std::string rows;
  for (int i = 0; i < 40; ++i) rows += fmt::format("{{\"text\":\"w{0}. w{1}. w{0}.\"}}\n", 5 + i % 20, 6 + i % 20);
  const EncodedSet set = encode(fixtures() / "bert/next-sentence", rows, TrainTask::kNextSentence);
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
                                TrainTask::kNextSentence);
  EXPECT_EQ(set.examples[0].label, 0);
  EXPECT_EQ(set.examples[1].label, 1);
  EXPECT_EQ(set.examples[1].ids, (Ids{1, 5, 2, 9, 2}));
}

}  // namespace
}  // namespace linnet
