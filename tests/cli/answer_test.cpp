// linnet answer: the pipeline's keys, rows as SQuAD has them, refusals.
#include <gmock/gmock.h>

#include "linnet/base/file.h"
#include "tests/cli/fixture_texts.h"
#include "tests/cli/run_linnet.h"
#include "tests/scratch.h"
#include "tests/tasks/reference_calls.h"

namespace linnet::test {
namespace {

const std::string kQuestions = model("tasks/questions");

CliResult answer(std::vector<std::string> arguments, const CliOptions& options = {}) {
  arguments.insert(arguments.begin(), {"answer", "-m", kQuestions, "--dtype", "f32"});
  return run_linnet(arguments, options);
}

TEST(Answer, HasThePipelinesKeysInItsOrder) {
  const Json call = tasks::reference_calls("questions").at(0);
  const CliResult r = answer({"--json", "--question", call.at("question").get<std::string>(), "--context",
                              call.at("context").get<std::string>()});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_THAT(r.out, testing::StartsWith("{\"row\":0,\"score\":0."));
  const Json found = json_lines(r.out).at(0);
  for (const char* key : {"start", "end", "answer"}) EXPECT_EQ(found.at(key), call.at("result").at(key)) << key;
  EXPECT_NEAR(found.at("score").get<double>(), call.at("result").at("score").get<double>(), 1e-5);
}

TEST(Answer, SeveralAnswersAreAList) {
  for (const Json& call : tasks::reference_calls("questions")) {
    if (!call.contains("handle_impossible_answer")) continue;
    const CliResult r =
        answer({"--json", "--top-k", "4", "--no-answer", "--question", call.at("question").get<std::string>(),
                "--context", call.at("context").get<std::string>()});
    ASSERT_EQ(r.exit_code, 0) << r.err;
    const Json found = json_lines(r.out).at(0);
    ASSERT_EQ(found.size(), 4U);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(found[i].at("answer"), call.at("result")[i].at("answer"));
  }
}

TEST(Answer, RowsAsSquadHasThem) {
  const Scratch scratch;
  write_file(scratch / "in.jsonl",
             "{\"id\":\"a\",\"question\":\"Who?\",\"context\":\"Marta "
             "counted.\",\"answers\":{\"text\":[],\"answer_start\":[]}}\n"
             "{\"id\":\"b\",\"question\":\"Who?\"}\n"
             "{\"id\":\"c\",\"question\":\"What?\",\"context\":\"the green book\"}\n");
  const CliResult r = answer({"--json", "--input", (scratch / "in.jsonl").string()});
  EXPECT_EQ(r.exit_code, 3);
  const auto lines = json_lines(r.out);
  ASSERT_EQ(lines.size(), 3U) << r.out << r.err;
  EXPECT_TRUE(lines[0].contains("answer"));
  EXPECT_TRUE(lines[1].contains("error"));
  EXPECT_TRUE(lines[2].contains("answer"));
  const std::string out = (scratch / "out.csv").string();
  EXPECT_EQ(answer({"--input", (scratch / "in.jsonl").string(), "--output", out}).exit_code, 3);
  EXPECT_THAT(read_file(out), testing::StartsWith("id,question,context,answers,answer,score,start,end\na,Who?,"));
}

TEST(Answer, TheContextMayBeAFile) {
  const Scratch scratch;
  write_file(scratch / "context.txt", "Marta counted the bags.");
  const std::vector<std::string> ask{"--json", "--question", "Who?", "--question", "What?"};
  std::vector<std::string> from_file = ask, typed = ask;
  from_file.insert(from_file.end(), {"--context-file", (scratch / "context.txt").string()});
  typed.insert(typed.end(), {"--context", "Marta counted the bags."});
  EXPECT_EQ(answer(from_file).out, answer(typed).out);
  EXPECT_EQ(json_lines(answer(typed).out).size(), 2U);
}

TEST(Answer, RefusesWhatCannotBeAnswered) {
  EXPECT_EQ(answer({"--question", "Who?"}).exit_code, 2);
  EXPECT_EQ(answer({"--context", "Marta"}).exit_code, 2);
  EXPECT_EQ(answer({"--question", "Who?", "--context", "a", "--context-file", "b"}).exit_code, 2);
  EXPECT_EQ(answer({"--question", "Who?", "--context", "a", "--input", "b.jsonl"}).exit_code, 2);
  EXPECT_EQ(answer({"--question", "Who?", "--context", "a", "--top-k", "0"}).exit_code, 2);
  EXPECT_EQ(answer({"--question", "", "--context", "a"}).exit_code, 2);
  EXPECT_EQ(answer({"--question", "Who?", "--context-file", "/nonexistent/x"}).exit_code, 3);
  EXPECT_EQ(run_linnet({"answer", "-m", model("bert/masked"), "--question", "w5", "--context", "w6"}).exit_code, 3);
}

}  // namespace
}  // namespace linnet::test
