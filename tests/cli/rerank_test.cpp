// linnet rerank: one list, best first; a joined file in the input's order.
#include <gmock/gmock.h>

#include "linnet/base/file.h"
#include "tests/cli/fixture_texts.h"
#include "tests/cli/run_linnet.h"
#include "tests/scratch.h"
#include "tests/tasks/reference_calls.h"

namespace linnet::test {
namespace {

CliResult rerank(std::vector<std::string> arguments, const CliOptions& options = {}) {
  arguments.insert(arguments.begin(), {"rerank", "-m", model("tasks/cross-encoder"), "--dtype", "f32"});
  return run_linnet(arguments, options);
}

TEST(Rerank, ListsDocumentsBestFirst) {
  for (const Json& call : tasks::reference_calls("cross-encoder")) {
    std::vector<std::string> arguments{"--json", call.at("query").get<std::string>()};
    for (const Json& document : call.at("documents")) arguments.push_back(document.get<std::string>());
    const CliResult r = rerank(arguments);
    ASSERT_EQ(r.exit_code, 0) << r.err;
    EXPECT_THAT(r.out, testing::StartsWith("[{\"index\":"));
    const Json found = json_lines(r.out).at(0);
    ASSERT_EQ(found.size(), call.at("result").size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].at("index"), call.at("result")[i].at("corpus_id"));
      EXPECT_NEAR(found[i].at("score").get<double>(), call.at("result")[i].at("score").get<double>(), 1e-5);
      EXPECT_EQ(found[i].at("text"), call.at("documents")[found[i].at("index").get<std::size_t>()]);
    }
    arguments.insert(arguments.begin(), {"--top-k", "2"});
    EXPECT_EQ(json_lines(rerank(arguments).out).at(0).size(), 2U);
  }
}

TEST(Rerank, JoinsRanksInTheInputsOrder) {
  const Scratch scratch;
  write_file(scratch / "in.csv", "id,text\n7,The ferry left.\n8,\n9,candle\n");
  const std::string in = (scratch / "in.csv").string(), out = (scratch / "out.jsonl").string();
  const CliResult r = rerank({"Who?", "--input", in, "--output", out});
  EXPECT_EQ(r.exit_code, 3) << r.err;
  EXPECT_EQ(r.out, "");
  const auto rows = json_lines(read_file(out));
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].at("id"), "7");
  EXPECT_TRUE(rows[1].at("rank").is_null());
  EXPECT_EQ(rows[0].at("rank").get<int>() + rows[2].at("rank").get<int>(), 1);
  const Json list = json_lines(rerank({"Who?", "--input", in, "--json"}).out).at(0);
  EXPECT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].at("score"), rows[rows[0].at("rank") == 0 ? 0 : 2].at("score"));
}

TEST(Rerank, RefusesWhatCannotBeRanked) {
  EXPECT_EQ(rerank({"Who?", "a", "--top-k", "0"}).exit_code, 2);
  EXPECT_EQ(rerank({"", "a"}).exit_code, 2);
  const CliResult classes = run_linnet({"rerank", "-m", model("bert/classifier"), "w5", "w6"});
  EXPECT_EQ(classes.exit_code, 3);
  EXPECT_THAT(classes.err, testing::HasSubstr("3 classes"));
}

}  // namespace
}  // namespace linnet::test
