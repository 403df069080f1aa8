// linnet summarize and linnet translate: the pipelines' shapes, rows, refusals.
#include <gmock/gmock.h>

#include "linnet/base/file.h"
#include "tests/cli/fixture_texts.h"
#include "tests/cli/run_linnet.h"
#include "tests/scratch.h"
#include "tests/tasks/reference_calls.h"

namespace linnet::test {
namespace {

using testing::HasSubstr;

CliResult write(const std::string& verb, std::vector<std::string> arguments, const CliOptions& options = {}) {
  arguments.insert(arguments.begin(), {verb, "-m", model("tasks/writing"), "--dtype", "f32"});
  return run_linnet(arguments, options);
}

TEST(Summarize, HasThePipelinesShape) {
  const Json call = tasks::reference_calls("writing").at(0);
  const CliResult r = write("summarize", {"--json", call.at("text").get<std::string>()});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_EQ(json_lines(r.out).at(0), Json::array({{{"row", 0}, {"summary_text", call.at("result")}}}));
  EXPECT_EQ(write("summarize", {call.at("text").get<std::string>()}).out, call.at("result").get<std::string>() + "\n");
}

TEST(Summarize, RowsOfAFileAreJoined) {
  const Scratch scratch;
  write_file(scratch / "in.jsonl",
             "{\"document\":\"The ferry left.\",\"summary\":\"x\"}\n{\"document\":\"\",\"summary\":\"\"}\n");
  const std::string out = (scratch / "out.jsonl").string();
  EXPECT_EQ(write("summarize", {"--input", (scratch / "in.jsonl").string(), "--output", out}).exit_code, 3);
  const auto rows = json_lines(read_file(out));
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].at("summary"), "x");
  EXPECT_TRUE(rows[0].at("summary_text").is_string());
  EXPECT_TRUE(rows[1].at("summary_text").is_null());
}

TEST(Translate, HasThePipelinesShape) {
  for (const Json& call : tasks::reference_calls("writing")) {
    if (call.at("task") != "translation_en_to_de") continue;
    const CliResult r =
        write("translate", {"--from", "en", "--to", "de", "--json", call.at("text").get<std::string>()});
    ASSERT_EQ(r.exit_code, 0) << r.err;
    EXPECT_EQ(json_lines(r.out).at(0), Json::array({{{"row", 0}, {"translation_text", call.at("result")}}}));
    EXPECT_EQ(write("translate", {"--source-lang", "English", "--target-lang", "German", "--json",
                                  call.at("text").get<std::string>()})
                  .out,
              r.out);
  }
}

TEST(Translate, RefusesWhatItCannotDo) {
  EXPECT_EQ(write("translate", {"w5"}).exit_code, 2);
  EXPECT_EQ(write("summarize", {"w5", "--stride", "-1"}).exit_code, 2);
  EXPECT_EQ(write("summarize", {"w5", "--template", "{{ nothing }}"}).exit_code, 3);
  EXPECT_EQ(run_linnet({"summarize", "-m", model("bert/masked"), "w5"}).exit_code, 3);
}

// A causal model answers by a prompt, and an encoder-decoder too.
TEST(Answer, IsWrittenByAModelWithoutTheHead) {
  for (const char* name : {"tasks/writing", "gpt2/causal"}) {
    const std::vector<std::string> ask{"answer",    "-m",    model(name), "--question",       "w5",
                                       "--context", "w6 w7", "--json",    "--max-new-tokens", "3"};
    const CliResult r = run_linnet(ask);
    ASSERT_EQ(r.exit_code, 0) << r.err;
    const Json found = json_lines(r.out).at(0);
    for (const char* key : {"row", "score", "start", "end", "answer"}) EXPECT_TRUE(found.contains(key)) << r.out;
    EXPECT_GT(found.at("score").get<double>(), 0);
    EXPECT_LE(found.at("score").get<double>(), 1);
  }
  const CliResult r =
      run_linnet({"answer", "-m", model("gpt2/causal"), "--question", "w5", "--context", "w6", "--no-answer"});
  EXPECT_EQ(r.exit_code, 2);
  EXPECT_THAT(r.err, HasSubstr("--no-answer"));
}

}  // namespace
}  // namespace linnet::test
