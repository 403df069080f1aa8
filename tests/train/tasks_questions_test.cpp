#include <gtest/gtest.h>

#include "linnet/adapt/loaded.h"
#include "linnet/base/error.h"
#include "tests/train/encoded.h"

namespace linnet {
namespace {

TEST(EncodeQuestions, TheSpanIsInTokens) {
  const EncodedExample e =
      encode(fixtures() / "bert/questions",
             R"({"question":"w5 w6","context":"w7 w8 w9 w10","answers":{"text":["w8 w9"],"answer_start":[3]}})", "qa")
          .examples[0];
  EXPECT_EQ(e.ids, (std::vector<std::int32_t>{1, 5, 6, 2, 7, 8, 9, 10, 2}));
  EXPECT_EQ(e.start, 5);
  EXPECT_EQ(e.end, 6);
}

TEST(EncodeQuestions, CharactersAreNotBytes) {
  const EncodedExample e =
      encode(fixtures() / "bert/questions",
             R"({"question":"w5","context":"é w8 w9","answers":{"text":["w9"],"answer_start":[5]}})", "qa")
          .examples[0];
  EXPECT_EQ(e.ids[static_cast<std::size_t>(e.start)], 9);
  EXPECT_EQ(e.start, e.end);
}

TEST(EncodeQuestions, AnAnswerThatWasCutOffDoesNotCount) {
  const EncodedSet set =
      encode(fixtures() / "bert/questions",
             R"({"question":"w5","context":"w7 w8 w9 w10","answers":{"text":["w9 w10"],"answer_start":[6]}})", "qa",
             {.max_length = 7});
  EXPECT_EQ(set.examples[0].ids, (std::vector<std::int32_t>{1, 5, 2, 7, 8, 9, 2}));
  EXPECT_EQ(set.examples[0].start, -1);
  EXPECT_EQ(set.examples[0].end, -1);
}

TEST(EncodeQuestions, NoAnswerIsTheFirstToken) {
  const EncodedExample e = encode(fixtures() / "bert/questions",
                                  R"({"question":"w5","context":"w7","answers":{"text":[],"answer_start":[]}})", "qa")
                               .examples[0];
  EXPECT_EQ(e.start, 0);
  EXPECT_EQ(e.end, 0);
}

TEST(EncodeQuestions, AnAnswerThatIsNotThereIsNamed) {
  try {
    encode(fixtures() / "bert/questions",
           R"({"question":"w5","context":"w7 w8","answers":{"text":["w8"],"answer_start":[1]}})", "qa");
    FAIL() << "was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    EXPECT_NE(std::string(error.what()).find("rows.jsonl:1"), std::string::npos) << error.what();
  }
}

TEST(QuestionObjective, RightMeansBothEnds) {
  const auto folder = fixtures() / "bert/questions";
  const Loaded loaded = load_pretrained(folder);
  EncodedExample e;
  e.ids = {1, 5, 2, 7, 8, 9, 2};
  nn::Packed packed;
  packed.add(e.ids);
  const Tensor scores = loaded.model->classify(loaded.model->forward(packed));
  const auto best = [&](std::size_t column) {
    std::int32_t at = 0;
    for (std::int32_t i = 1; i < 7; ++i)
      if (scores.data<float>()[2 * static_cast<std::size_t>(i) + column] >
          scores.data<float>()[2 * static_cast<std::size_t>(at) + column])
        at = i;
    return at;
  };
  for (const bool right : {true, false}) {
    e.start = best(0);
    e.end = right ? best(1) : (best(1) + 1) % 7;
    EncodedSet set;
    set.examples = {e};
    set.rows = {0};
    const auto objective = task_named("qa")->objective(set, *loaded.model, loaded.tokenizer(), {});
    const std::int64_t row[] = {0};
    const TrainBatch batch = objective->batch(row, {});
    Judged sums;
    objective->judge(*loaded.model, loaded.model->forward(batch.packed), batch, sums);
    EXPECT_EQ(sums.correct, right);
  }
}

}  // namespace
}  // namespace linnet
