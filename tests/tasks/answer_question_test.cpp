// answer_question() against the question-answering pipeline of Transformers 4.57.
#include "linnet/tasks/answer_question.h"

#include <gmock/gmock.h>

#include "linnet/base/error.h"
#include "tests/tasks/reference_calls.h"
#include "tests/tasks/tiny.h"

namespace linnet::tasks {
namespace {

QuestionOptions options_of(const Json& call) {
  QuestionOptions options;
  options.top_k = argument<std::int64_t>(call, "top_k", 1);
  if (call.contains("max_seq_len")) options.max_seq_length = call.at("max_seq_len").get<std::int64_t>();
  if (call.contains("doc_stride")) options.stride = call.at("doc_stride").get<std::int64_t>();
  options.max_answer_length = argument<std::int64_t>(call, "max_answer_len", 15);
  options.impossible_answer = argument(call, "handle_impossible_answer", false);
  options.align_to_words = argument(call, "align_to_words", true);
  return options;
}

Question question_of(const Json& call) {
  return {call.at("question").get<std::string>(), call.at("context").get<std::string>()};
}

class AnswerReference : public ::testing::TestWithParam<const char*> {};

TEST_P(AnswerReference, IsThePipelines) {
  const Loaded loaded = tiny(std::string("tasks/") + GetParam());
  for (const Json& call : reference_calls(GetParam())) {
    const auto found = answer_question(loaded, question_of(call), options_of(call));
    const Json& result = call.at("result");
    const Json wanted = result.is_array() ? result : Json::array({result});
    ASSERT_EQ(found.size(), wanted.size()) << call.dump();
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_NEAR(found[i].score, wanted[i].at("score").get<double>(), 1e-5) << call.dump();
      EXPECT_EQ(found[i].answer, wanted[i].at("answer").get<std::string>());
      EXPECT_EQ(found[i].start, wanted[i].at("start").get<std::int64_t>());
      EXPECT_EQ(found[i].end, wanted[i].at("end").get<std::int64_t>());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tokenizers, AnswerReference, ::testing::Values("questions", "questions-bytes"));

TEST(AnswerQuestion, QuestionsTogetherAreAsAlone) {
  const Loaded loaded = tiny("tasks/questions");
  const std::vector<Question> questions{
      {"Who?", "Marta counted the bags."}, {"", "Marta"}, {"What?", ""}, {"Where?", "In the village."}};
  std::vector<std::size_t> order;
  answer_each(
      loaded, questions, {},
      [&](std::size_t i, const std::vector<FoundAnswer>& found) {
        order.push_back(i);
        EXPECT_EQ(found.at(0).score, answer_question(loaded, questions[i]).at(0).score);
      },
      [&](std::size_t i, const Error& why) {
        order.push_back(i + 10);
        EXPECT_EQ(why.kind(), ErrorKind::kInvalidArgument);
      });
  EXPECT_THAT(order, ::testing::ElementsAre(0, 11, 12, 3));
}

TEST(AnswerQuestion, RefusesAQuestionWithoutRoomForTheContext) {
  const Loaded loaded = tiny("tasks/questions");
  EXPECT_THROW(
      answer_question(loaded, {"Who counted the bags?", "Marta counted the bags again."}, {.max_seq_length = 6}),
      Error);
  EXPECT_THROW(answer_question(loaded, {"Who?", "Marta"}, {.top_k = 0}), Error);
  EXPECT_THROW(answer_question(loaded, {"Who?", "Marta"}, {.max_answer_length = 0}), Error);
}

TEST(AnswerQuestion, RefusesOtherModels) {
  try {
    answer_question(tiny("bert/masked"), {"w5", "w6"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("question answering"));
  }
}

}  // namespace
}  // namespace linnet::tasks
