#include <gtest/gtest.h>

#include "linnet/base/error.h"
#include "linnet/models/pretrained.h"
#include "linnet/train/encode.h"
#include "tests/models/fixture.h"

namespace linnet {
namespace {

EncodedSet encode(const char* fixture, const std::string& rows, TrainTask task, const TrainOptions& options = {}) {
  const auto folder = fixtures() / fixture;
  return encode_examples(parse_dataset(rows, "jsonl", "rows.jsonl"), models::load_tokenizer(folder),
                         models::Model::read_config(folder), task, options);
}

TEST(EncodeTags, TheFirstTokenOfAWordCarriesItsTag) {
  const EncodedExample e =
      encode("bert/tokens", R"({"tokens":["w5","w6","w7"],"tags":["B","O","B"]})", TrainTask::kTokens).examples[0];
  EXPECT_EQ(e.ids, (std::vector<std::int32_t>{1, 5, 6, 7, 2}));
  EXPECT_EQ(e.targets, (std::vector<std::int32_t>{-1, 0, 1, 0, -1}));  // B and O sorted
}

TEST(EncodeQuestions, TheSpanIsInTokens) {
  const EncodedExample e =
      encode("bert/questions",
             R"({"question":"w5 w6","context":"w7 w8 w9 w10","answers":{"text":["w8 w9"],"answer_start":[3]}})",
             TrainTask::kQuestionAnswering)
          .examples[0];
  EXPECT_EQ(e.ids, (std::vector<std::int32_t>{1, 5, 6, 2, 7, 8, 9, 10, 2}));
  EXPECT_EQ(e.start, 5);
  EXPECT_EQ(e.end, 6);
}

TEST(EncodeQuestions, CharactersAreNotBytes) {
  const EncodedExample e =
      encode("bert/questions", R"({"question":"w5","context":"é w8 w9","answers":{"text":["w9"],"answer_start":[5]}})",
             TrainTask::kQuestionAnswering)
          .examples[0];
  EXPECT_EQ(e.ids[static_cast<std::size_t>(e.start)], 9);
  EXPECT_EQ(e.start, e.end);
}

TEST(EncodeQuestions, AnAnswerThatWasCutOffDoesNotCount) {
  const EncodedSet set =
      encode("bert/questions",
             R"({"question":"w5","context":"w7 w8 w9 w10","answers":{"text":["w9 w10"],"answer_start":[6]}})",
             TrainTask::kQuestionAnswering, {.max_length = 7});
  EXPECT_EQ(set.examples[0].ids, (std::vector<std::int32_t>{1, 5, 2, 7, 8, 9, 2}));
  EXPECT_EQ(set.examples[0].start, -1);
  EXPECT_EQ(set.examples[0].end, -1);
}

TEST(EncodeQuestions, NoAnswerIsTheFirstToken) {
  const EncodedExample e =
      encode("bert/questions", R"({"question":"w5","context":"w7","answers":{"text":[],"answer_start":[]}})",
             TrainTask::kQuestionAnswering)
          .examples[0];
  EXPECT_EQ(e.start, 0);
  EXPECT_EQ(e.end, 0);
}

TEST(EncodeQuestions, AnAnswerThatIsNotThereIsNamed) {
  try {
    encode("bert/questions", R"({"question":"w5","context":"w7 w8","answers":{"text":["w8"],"answer_start":[1]}})",
           TrainTask::kQuestionAnswering);
    FAIL() << "was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    EXPECT_NE(std::string(error.what()).find("rows.jsonl:1"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace linnet
