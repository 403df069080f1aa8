// linnet eval against `classify` and the metrics of its answers, and by its contract (docs/cli.md).
#include <gtest/gtest.h>

#include <cmath>

#include "linnet/base/file.h"
#include "tests/cli/fixture_texts.h"
#include "tests/cli/run_linnet.h"
#include "tests/scratch.h"

namespace linnet::test {
namespace {

const std::string kCausal = model("gpt2/causal");

struct JudgedRows {
  Scratch scratch;
  std::string folder, file;

  // Label b if the number of the word is divisible by three.
  static std::string lines(int from, int to) {
    std::string text;
    for (int i = from; i < to; ++i)
      text += Json{{"text", "w" + std::to_string(5 + i)}, {"label", i % 3 == 0 ? "b" : "a"}, {"id", i}}.dump() + "\n";
    return text;
  }
  JudgedRows() {
    file = written(scratch, "test.jsonl", lines(0, 24));
    written(scratch, "train.jsonl", lines(12, 40));
    folder = scratch.path().string();
  }
};

const std::vector<std::string> kWords{"--label-words", "a= w7", "--label-words", "b= w8"};

CliResult eval(std::vector<std::string> arguments) {
  std::vector<std::string> all{"eval", "-m", kCausal, "--dtype", "f32", "--bootstrap", "200"};
  all.insert(all.end(), kWords.begin(), kWords.end());
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run_linnet(all);
}

Json table_of(const CliResult& result) {
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return parse_json(result.out, "stdout");
}

TEST(Eval, ARowHasTheMetricsOfClassify) {
  const JudgedRows rows;
  const Json table = table_of(eval({rows.file, "--template", "{{ text }}", "--json"}));
  std::vector<std::string> arguments{"classify", "-m",       kCausal, "--dtype",    "f32",        "--input",
                                     rows.file,  "--labels", "a,b",   "--template", "{{ text }}", "--json"};
  arguments.insert(arguments.end(), kWords.begin(), kWords.end());
  const std::vector<Json> answers = json_lines(run_linnet(arguments).out);
  const Json& summary = answers.back()["summary"];
  ASSERT_EQ(table["rows"].size(), 1U);
  const Json& row = table["rows"][0];
  EXPECT_EQ(row["engine"], "score");
  EXPECT_EQ(row["template"], "{{ text }}");
  EXPECT_EQ(table["labels"], Json({"a", "b"}));
  EXPECT_EQ(row["metrics"]["accuracy"], summary["accuracy"]);
  EXPECT_EQ(row["metrics"]["macro_f1"], summary["macro_f1"]);
  EXPECT_EQ(row["confusion"], summary["confusion"]);
  EXPECT_EQ(row["per_label"]["a"]["recall"], summary["per_label"]["a"]["recall"]);
  double log_loss = 0, brier = 0;
  for (std::size_t i = 0; i < 24; ++i) {
    const double p = entry(answers[i]["scores"], "label", i % 3 == 0 ? "b" : "a")["score"];
    log_loss -= std::log(p) / 24;
    brier += 2 * (1 - p) * (1 - p) / 24;
  }
  EXPECT_NEAR(row["metrics"]["log_loss"].get<double>(), log_loss, 1e-9);
  EXPECT_NEAR(row["metrics"]["brier"].get<double>(), brier, 1e-9);
  const double accuracy = row["metrics"]["accuracy"];
  EXPECT_LE(row["intervals"]["accuracy"][0].get<double>(), accuracy);
  EXPECT_GE(row["intervals"]["accuracy"][1].get<double>(), accuracy);
  EXPECT_TRUE(row["intervals"]["ece"].is_null());
  EXPECT_GT(row["texts_per_s"].get<double>(), 0);
  EXPECT_EQ(row["p_vs_best"], 1);
}

TEST(Eval, EveryCombinationIsARowAndAFolderHasBaselines) {
  const JudgedRows rows;
  const CliResult result = eval({rows.folder, "--template", "{{ text }}", "--template", "default", "--shots", "0",
                                 "--shots", "2", "--engine", "score", "--engine", "generate", "--json"});
  const Json table = table_of(result);
  ASSERT_EQ(table["rows"].size(), 2U * 2 * 2 + 2);
  const Json& bayes = table["rows"][8];
  EXPECT_EQ(bayes["engine"], "naive-bayes");
  EXPECT_TRUE(bayes["model"].is_null());
  EXPECT_EQ(bayes["name"], "naive-bayes on word n-grams, 16 training rows") << "12 rows are judged, too";
  EXPECT_NE(result.err.find("12 of 28 training rows have a text that is judged"), std::string::npos) << result.err;
  EXPECT_EQ(table["rows"][9]["engine"], "logistic");
  for (const Json& row : table["rows"]) {
    EXPECT_EQ(row["metrics"]["ece"].is_null(), row["engine"] == "generate");
    EXPECT_LE(row["metrics"]["accuracy"], entry(table["rows"], "name", table["best"])["metrics"]["accuracy"]);
  }
}

TEST(Eval, WithoutTrainingRowsThereIsNoBaseline) {
  const JudgedRows rows;
  const CliResult result = eval({rows.file, "--json"});
  EXPECT_EQ(table_of(result)["rows"].size(), 1U);
  EXPECT_NE(result.err.find("no training rows"), std::string::npos) << result.err;
}

TEST(Eval, NeverTrainsOnTheJudgedRows) {
  const JudgedRows rows;
  const CliResult result = eval({rows.file, "--examples", rows.file, "--json"});
  EXPECT_EQ(table_of(result)["rows"].size(), 1U);
  EXPECT_NE(result.err.find("24 of 24 training rows have a text that is judged"), std::string::npos) << result.err;
}

TEST(Eval, AHeadHasOneRowForAllTemplates) {
  Scratch scratch;
  const Json names = read_json(model("bert/classifier") + "/config.json")["id2label"];
  std::string lines;
  for (int i = 0; i < 8; ++i)
    lines += Json{{"text", "w" + std::to_string(5 + i)}, {"label", names[std::to_string(i % 2)]}}.dump() + "\n";
  const std::string file = written(scratch, "rows.jsonl", lines);
  const Json table = table_of(run_linnet({"eval", file, "-m", model("bert/classifier"), "-m", kCausal, "--template",
                                          "{{ text }}", "--template", "default", "--bootstrap", "100", "--json"}));
  ASSERT_EQ(table["rows"].size(), 3U);
  EXPECT_EQ(table["rows"][0]["engine"], "head");
  EXPECT_TRUE(table["rows"][0]["template"].is_null());
  EXPECT_EQ(table["rows"][1]["engine"], "score");
}

TEST(Eval, OutputJoinsTheAnswersOfEveryRow) {
  const JudgedRows rows;
  const std::string out = (rows.scratch.path() / "answers.jsonl").string();
  const Json table = table_of(eval({rows.folder, "--output", out, "--json"}));
  const std::vector<Json> lines = json_lines(read_file(out));
  ASSERT_EQ(lines.size(), 24U);
  for (const Json& row : table["rows"]) {
    const std::string name = row["name"];
    int right = 0;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      EXPECT_EQ(lines[i]["id"], i);
      right += lines[i][name] == lines[i]["label"] ? 1 : 0;
      EXPECT_GE(lines[i][name + " score"].get<double>(), 0.5);
    }
    EXPECT_NEAR(row["metrics"]["accuracy"].get<double>(), right / 24.0, 1e-12);
  }
}

TEST(Eval, ReportIsAPage) {
  const JudgedRows rows;
  const std::string out = (rows.scratch.path() / "report.html").string();
  const CliResult result = eval({rows.folder, "--report", out});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const std::string html = read_file(out);
  EXPECT_NE(html.find("naive-bayes on word n-grams"), std::string::npos);
  EXPECT_NE(html.find("Reliability"), std::string::npos);
  std::size_t at = 0;
  for (std::size_t end = 0; (end = result.out.find('\n', at)) != std::string::npos; at = end + 1)
    EXPECT_LE(end - at, 90U) << result.out.substr(at, end - at);  // bytes; 80 columns
}

TEST(Eval, JudgesPredictionsOfAnotherProgram) {
  Scratch scratch;
  const std::string both = written(scratch, "both.jsonl", R"({"prediction":"a cat","gold":["the cat","cats"]}
{"prediction":"dogs","gold":"dog"}
)");
  const CliResult json = run_linnet(
      {"eval", "--predictions", both, "--metric", "exact_match", "--metric", "rouge1", "--bootstrap", "100", "--json"});
  const Json metrics = table_of(json);
  EXPECT_EQ(metrics["rows"], 2);
  EXPECT_EQ(metrics["metrics"], (Json{{"exact_match", 0.5}, {"rouge1", 0.25}}));
  EXPECT_EQ(metrics["intervals"]["exact_match"].size(), 2U);
  const std::string predictions = written(scratch, "p.csv", "prediction\n1\n2.5\n"),
                    gold = written(scratch, "g.jsonl", "{\"gold\":1}\n{\"gold\":2}\n");
  const CliResult text = run_linnet({"eval", "--predictions", predictions, "--gold", gold, "--metric", "mae"});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_NE(text.out.find("mae     0.2500"), std::string::npos) << text.out;
}

TEST(Eval, WrongCallsAreRefused) {
  const JudgedRows rows;
  const std::string numbers = written(rows.scratch, "numbers.jsonl",
                                      R"({"text":"w5","label":0.25})"
                                      "\n");
  const std::string unlabelled = written(rows.scratch, "texts.txt", "w5\nw6\n");
  const std::vector<Wrong> calls{
      {"no data", {"eval"}, 2, "give the rows to judge"},
      {"unknown engine", {"eval", rows.file, "--engine", "magic"}, 2, "--engine: 'magic' is not one of"},
      {"shots", {"eval", rows.file, "--shots", "two"}, 2, "--shots: 'two' is not a whole number"},
      {"no training rows", {"eval", rows.file, "--shots", "2"}, 2, "--shots needs training rows"},
      {"two sets of training rows", {"eval", rows.folder, "--examples", rows.file}, 2, "--examples goes with a file"},
      {"values", {"eval", numbers}, 3, "are not classes"},
      {"no labels", {"eval", unlabelled}, 3, "label"},
      {"other labels", {"eval", rows.file, "--labels", "a,c"}, 3, "'b'"},
      {"no metric", {"eval", "--predictions", rows.file}, 2, "--predictions needs --metric: accuracy"},
      {"unknown metric", {"eval", "--predictions", rows.file, "--metric", "blue"}, 3, "prediction"},
      {"output", {"eval", rows.file, "--output", "x.doc"}, 2, "does not name a format"},
  };
  for (const Wrong& call : calls) {
    std::vector<std::string> arguments = call.arguments;
    arguments.insert(arguments.end(), {"-m", kCausal});
    const CliResult result = run_linnet(arguments);
    EXPECT_EQ(result.exit_code, call.exit_code) << call.name << ": " << result.err;
    EXPECT_NE(result.err.find(call.said), std::string::npos) << call.name << ": " << result.err;
    EXPECT_EQ(result.out, "") << call.name;
  }
}

}  // namespace
}  // namespace linnet::test
