#include "linnet/train/encode.h"

#include <gtest/gtest.h>

#include "linnet/base/error.h"
#include "linnet/models/pretrained.h"
#include "tests/models/fixture.h"

namespace linnet {
namespace {

Dataset rows_of(const std::string& rows, const ReadOptions& read = {}) {
  return parse_dataset(rows, "jsonl", "rows.jsonl", read);
}

EncodedSet encode(const char* fixture, const Dataset& data, TrainTask task, const TrainOptions& options = {}) {
  const auto folder = fixtures() / fixture;
  return encode_examples(data, models::load_tokenizer(folder), models::Model::read_config(folder), task, options);
}

constexpr const char* kLabelled = R"({"text":"w5 w6","label":"a"}
{"text":"w7","label":"b"}
)";

TEST(Encode, TheTaskFollowsTheColumnsAndTheStack) {
  const auto bert = models::Model::read_config(fixtures() / "bert/masked"),
             llama = models::Model::read_config(fixtures() / "llama/causal");
  const Dataset texts = rows_of(R"({"text":"w5"})");
  EXPECT_EQ(task_of(texts, bert, TrainTask::kAuto), TrainTask::kMaskedLm);
  EXPECT_EQ(task_of(texts, llama, TrainTask::kAuto), TrainTask::kCausalLm);
  EXPECT_EQ(task_of(rows_of(kLabelled), llama, TrainTask::kAuto), TrainTask::kClassify);
  EXPECT_EQ(task_of(rows_of(R"({"prompt":"w5","completion":"w6"})"), llama, TrainTask::kAuto), TrainTask::kCausalLm);
  EXPECT_EQ(task_of(rows_of(R"({"tokens":["w5"],"tags":["X"]})"), bert, TrainTask::kAuto), TrainTask::kTokens);
  EXPECT_EQ(task_of(rows_of(kLabelled), llama, TrainTask::kCausalLm), TrainTask::kCausalLm);
}

TEST(Encode, RowsThatDoNotFitTheTaskAreRefused) {
  const auto llama = models::Model::read_config(fixtures() / "llama/causal");
  try {
    task_of(rows_of(R"({"text":"w5"})"), llama, TrainTask::kClassify);
    FAIL() << "was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    EXPECT_NE(std::string(error.what()).find("rows.jsonl"), std::string::npos);
  }
}

TEST(Encode, TheProblemFollowsTheLabels) {
  EXPECT_EQ(problem_of(rows_of(kLabelled), nn::ProblemType::kInferred), nn::ProblemType::kSingleLabel);
  EXPECT_EQ(problem_of(rows_of(R"({"text":"w5","label":0.5})"), nn::ProblemType::kInferred),
            nn::ProblemType::kRegression);
  EXPECT_EQ(problem_of(rows_of(R"({"text":"w5","label":["a","b"]})"), nn::ProblemType::kInferred),
            nn::ProblemType::kMultiLabel);
  EXPECT_EQ(problem_of(rows_of(kLabelled), nn::ProblemType::kMultiLabel), nn::ProblemType::kMultiLabel);
}

TEST(Encode, ClassesHaveTheTokenizersSpecialTokens) {
  const EncodedSet set = encode("bert/classifier", rows_of(kLabelled), TrainTask::kClassify);
  ASSERT_EQ(set.examples.size(), 2u);
  EXPECT_EQ(set.examples[0].ids, (std::vector<std::int32_t>{1, 5, 6, 2}));
  EXPECT_EQ(set.examples[0].label, 0);
  EXPECT_EQ(set.examples[1].label, 1);
}

TEST(Encode, PairsHaveTypes) {
  const EncodedSet set =
      encode("bert/classifier", rows_of(R"({"text":"w5","text_pair":"w6 w7","label":"a"})"), TrainTask::kClassify);
  EXPECT_EQ(set.examples[0].ids, (std::vector<std::int32_t>{1, 5, 2, 6, 7, 2}));
  EXPECT_EQ(set.examples[0].type_ids, (std::vector<std::int32_t>{0, 0, 0, 1, 1, 1}));
}

TEST(Encode, CutRowsAreCountedAndKeepTheirEnds) {
  const EncodedSet set = encode("bert/classifier", rows_of(R"({"text":"w5 w6 w7 w8 w9","label":"a"})"),
                                TrainTask::kClassify, {.max_length = 4});
  EXPECT_EQ(set.examples[0].ids, (std::vector<std::int32_t>{1, 5, 6, 2}));
  EXPECT_EQ(set.truncated, 1);
  EXPECT_EQ(set.cut, 3);
  EXPECT_EQ(set.full_lengths, (std::vector<std::int64_t>{7}));
}

TEST(Encode, PositionsBoundTheLength) {
  std::string text = "w5";
  for (int i = 0; i < 60; ++i) text += " w6";
  const auto folder = fixtures() / "bert/classifier";  // 40 positions
  const Dataset rows = rows_of(dump_json({{"text", text}, {"label", "a"}}));
  const auto config = models::Model::read_config(folder);
  const Tokenizer tokenizer = models::load_tokenizer(folder);
  EXPECT_EQ(encode_examples(rows, tokenizer, config, TrainTask::kClassify, {}).examples[0].ids.size(), 40u);
  EXPECT_EQ(encode_examples(rows, tokenizer, config, TrainTask::kClassify, {}, 15).examples[0].ids.size(), 25u);
  EXPECT_THROW(encode_examples(rows, tokenizer, config, TrainTask::kClassify, {}, 40), Error);
}

TEST(Encode, SeveralLabelsAreOnesAmongZeros) {
  const EncodedSet set = encode("bert/classifier", rows_of(R"({"text":"w5","label":["b","c"]}
{"text":"w6","label":["a"]}
{"text":"w6","label":[]})"),
                                TrainTask::kClassify);
  EXPECT_EQ(set.examples[0].values, (std::vector<float>{0, 1, 1}));
  EXPECT_EQ(set.examples[1].values, (std::vector<float>{1, 0, 0}));
  EXPECT_EQ(set.examples[2].values, (std::vector<float>{0, 0, 0}));
}

TEST(Encode, NumbersAreValues) {
  const EncodedSet set = encode("bert/regression", rows_of(R"({"text":"w5","label":0.5}
{"text":"w6","label":-2.25})"),
                                TrainTask::kClassify);
  EXPECT_EQ(set.examples[0].values, (std::vector<float>{0.5f}));
  EXPECT_EQ(set.examples[1].values, (std::vector<float>{-2.25f}));
}

TEST(Encode, ARowWithoutALabelIsNamed) {
  try {
    encode("bert/classifier", rows_of("{\"text\":\"w5\",\"label\":\"a\"}\n{\"text\":\"w6\"}"), TrainTask::kClassify);
    FAIL() << "was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    EXPECT_NE(std::string(error.what()).find("rows.jsonl:2"), std::string::npos) << error.what();
  }
}

TEST(Encode, SourcesAndTargetsEndWithTheEndToken) {
  const EncodedSet set = encode("llama/causal", rows_of(R"({"source":"w5 w6","target":"w7"})"), TrainTask::kSeq2Seq);
  EXPECT_EQ(set.examples[0].ids.back(), 2);
  EXPECT_EQ(set.examples[0].output.back(), 2);
}

}  // namespace
}  // namespace linnet
