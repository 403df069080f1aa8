// "row" in every JSON line, rows that have no answer, and answers joined to the input's columns (docs/cli.md).
#include <gmock/gmock.h>

#include "linnet/base/file.h"
#include "tests/cli/fixture_texts.h"
#include "tests/cli/run_linnet.h"
#include "tests/scratch.h"

namespace linnet::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// A verb on one of the tiny models, in f32.
CliResult run(const std::string& verb, const std::string& name, std::vector<std::string> more,
              const CliOptions& options = {}) {
  if (verb != "tokenize") more.insert(more.begin(), {"--dtype", "f32"});
  more.insert(more.begin(), {verb, "-m", model(name)});
  return run_linnet(more, options);
}

std::vector<int> rows_of(const std::string& out) {
  std::vector<int> rows;
  for (const Json& line : json_lines(out)) {
    const Json* answer = &line;
    while (answer->is_array()) answer = &answer->front();
    if (!answer->contains("summary")) rows.push_back(answer->at("row").get<int>());
  }
  return rows;
}

// Every JSON line has the number of its row, empty rows counted.
TEST(RowAnswers, EveryJsonLineNamesItsRow) {
  const Scratch scratch;
  const std::string texts = written(scratch, "texts.txt", "w5 [MASK]\n\nw6 [MASK]\n\n\n[MASK] [MASK]\n");
  const CliResult filled = run("fill", "bert/masked", {"--json", "--input", texts});
  ASSERT_EQ(filled.exit_code, 0) << filled.err;
  EXPECT_THAT(rows_of(filled.out), ElementsAre(0, 2, 5));
  EXPECT_THAT(filled.err, HasSubstr("3 empty lines have no answer (row 1, 3, 4"));
  const std::string table = written(scratch, "rows.csv", "id,text\nk,w5\n\nm,w6\n");
  const CliResult labelled = run("classify", "gpt2/classifier", {"--json", "--input", table});
  ASSERT_EQ(labelled.exit_code, 0) << labelled.err;
  EXPECT_THAT(rows_of(labelled.out), ElementsAre(0, 2));
  EXPECT_THAT(rows_of(run("classify", "gpt2/classifier", {"--json", "w5", "w6"}).out), ElementsAre(0, 1));
  const std::string prompts = written(scratch, "prompts.jsonl",
                                      "{\"prompt\":\"w5\",\"continuations\":[\" w6\"]}\n\n"
                                      "{\"prompt\":\"w7\",\"continuations\":[\" w8\"]}\n");
  EXPECT_THAT(rows_of(run("score", "gpt2/causal", {"--json", "--input", prompts}).out), ElementsAre(0, 2));
  const CliResult completed = run("run", "gpt2/causal", {"--json", "-n", "1", "--input", table});
  EXPECT_THAT(rows_of(completed.out), ElementsAre(0, 2)) << completed.err;
  EXPECT_THAT(rows_of(run_linnet({"tokenize", "-m", model("gpt2/causal"), "--json", "--input",
                                  written(scratch, "l.jsonl", "{\"text\":\"w5\"}\n\n{\"text\":\"w6\"}\n")})
                          .out),
              ElementsAre(0, 2));
}

// A text without tokens is named, and the others are answered.
TEST(RowAnswers, ATextWithoutTokensIsNamedAndTheOthersAreAnswered) {
  const Scratch scratch;
  const std::string file = written(scratch, "texts.jsonl", "{\"text\":\"w5\"}\n{\"text\":\"\"}\n{\"text\":\"w6\"}\n");
  const CliResult r = run("classify", "gpt2/classifier", {"--json", "--input", file});
  EXPECT_EQ(r.exit_code, 3);
  const auto lines = json_lines(r.out);
  ASSERT_EQ(lines.size(), 3U) << r.err;
  EXPECT_TRUE(lines[0].contains("label"));
  EXPECT_EQ(lines[1]["row"], 1);
  EXPECT_THAT(lines[1]["error"].get<std::string>(), HasSubstr("empty"));
  EXPECT_EQ(lines[2]["scores"], json_lines(run("classify", "gpt2/classifier", {"--json", "w6"}).out).at(0)["scores"]);
  EXPECT_THAT(r.err, HasSubstr(file + ":2: "));
  EXPECT_THAT(r.err, Not(HasSubstr("[rows]")));
  // A quoted empty cell of a one-column CSV, in text.
  const CliResult cell =
      run("classify", "gpt2/classifier", {"--input", written(scratch, "one.csv", "text\nw5\n\"\"\nw6\n")});
  EXPECT_EQ(cell.exit_code, 3);
  EXPECT_EQ(std::count(cell.out.begin(), cell.out.end(), '\n'), 2) << cell.out;
  EXPECT_THAT(cell.err, HasSubstr("one.csv:3: "));
}

// A row's error does not affect other rows, in every verb.
TEST(RowAnswers, AnErrorIsOfItsRowAlone) {
  const Scratch scratch;
  const std::string masks = written(scratch, "masks.txt", "w5 [MASK]\nw6\nw7 [MASK]\n");
  const CliResult filled = run("fill", "bert/masked", {"--json", "--input", masks});
  EXPECT_EQ(filled.exit_code, 3);
  EXPECT_THAT(rows_of(filled.out), ElementsAre(0, 1, 2));
  EXPECT_THAT(filled.err, HasSubstr("masks.txt:2: the text holds no [MASK]"));
  const std::string prompts = written(scratch, "prompts.jsonl",
                                      "{\"prompt\":\"w5\",\"continuations\":[\" w6\"]}\n"
                                      "{\"prompt\":\"w5\",\"continuations\":[\"\"]}\n"
                                      "{\"prompt\":\"w5\",\"continuations\":\"w6\"}\n"
                                      "{\"prompt\":\n"
                                      "{\"prompt\":\"w7\",\"continuations\":[\" w8\"]}\n");
  const CliResult scored = run("score", "gpt2/causal", {"--json", "--input", prompts});
  EXPECT_EQ(scored.exit_code, 3);
  const auto lines = json_lines(scored.out);
  ASSERT_EQ(lines.size(), 5U) << scored.out;
  for (const int good : {0, 4}) EXPECT_TRUE(lines[static_cast<std::size_t>(good)].contains("scores"));
  for (const int bad : {1, 2, 3}) EXPECT_TRUE(lines[static_cast<std::size_t>(bad)].contains("error"));
  EXPECT_THAT(scored.err, HasSubstr("prompts.jsonl:2: "));
  EXPECT_THAT(scored.err, HasSubstr("3 of 5 rows have no answer"));
  const std::string lines_to_cut =
      written(scratch, "l.jsonl", "{\"text\":\"w5\"}\n{\"txt\":\"w6\"}\n{\"text\":[7]}\n{\"text\":\"w7\"}\n");
  const CliResult cut = run_linnet({"tokenize", "-m", model("gpt2/causal"), "--json", "--input", lines_to_cut});
  EXPECT_EQ(cut.exit_code, 3);
  EXPECT_THAT(rows_of(cut.out), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(cut.err, HasSubstr("l.jsonl:3: 'text' is [7], not a text"));
  // A masked LM's text that contains the mask.
  const CliResult masked = run("classify", "bert/masked", {"--labels", "w7,w8", "--json", "--input", masks});
  EXPECT_EQ(masked.exit_code, 3);
  EXPECT_TRUE(json_lines(masked.out).at(1).contains("label")) << masked.out << masked.err;
}

// Answers are joined to the input's columns, row by row.
TEST(RowAnswers, AreJoinedToTheInputsColumns) {
  const Scratch scratch;
  const std::string file = written(scratch, "in.csv", "id,text,note\n1,w5,\"a, \"\"b\"\"\"\n2,w6,\"two\nlines\"\n");
  for (const char* name : {"out.csv", "out.tsv", "out.jsonl"}) {
    const std::string out = (scratch / name).string();
    const CliResult r = run("classify", "gpt2/classifier", {"--input", file, "--output", out});
    ASSERT_EQ(r.exit_code, 0) << r.err;
    EXPECT_EQ(r.out, "") << "the answers are in the file";
  }
  const auto answers = json_lines(run("classify", "gpt2/classifier", {"--json", "--input", file}).out);
  const auto number = [&](std::size_t row, const char* key) { return dump_json(answers[row][key]); };
  const auto cells = [&](std::size_t row, char d) {
    return answers[row]["label"].get<std::string>() + d + number(row, "score") + d + number(row, "margin") + d +
           "false";
  };
  EXPECT_EQ(read_file(scratch / "out.csv"), "id,text,note,label,score,margin,abstained\n1,w5,\"a, \"\"b\"\"\"," +
                                                cells(0, ',') + "\n2,w6,\"two\nlines\"," + cells(1, ',') + "\n");
  EXPECT_EQ(read_file(scratch / "out.tsv"),
            "id\ttext\tnote\tlabel\tscore\tmargin\tabstained\n1\tw5\t\"a, \"\"b\"\"\"\t" + cells(0, '\t') +
                "\n2\tw6\t\"two\nlines\"\t" + cells(1, '\t') + "\n");
  const auto lines = json_lines(read_file(scratch / "out.jsonl"));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["note"], "a, \"b\"");
  EXPECT_EQ(lines[1]["label"], answers[1]["label"]);
  EXPECT_EQ(lines[1]["score"], answers[1]["score"]);
}

// A row whose text is null (pandas' empty cell) or missing has an error; the others have answers.
TEST(RowAnswers, ARowWithoutATextIsNamedAndTheOthersAreAnswered) {
  const Scratch scratch;
  const std::string file = written(
      scratch, "in.jsonl", "{\"text\":\"w5\"}\n{\"text\":null}\n{\"text\":\"w6\"}\n{\"note\":1}\n{\"text\":[1]}\n");
  const CliResult r = run("classify", "gpt2/classifier", {"--json", "--input", file});
  EXPECT_EQ(r.exit_code, 3);
  const auto lines = json_lines(r.out);
  ASSERT_EQ(lines.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(lines[i]["row"], i);
    EXPECT_EQ(lines[i].contains("error"), i == 1 || i > 2) << i;
  }
  EXPECT_EQ(lines[1]["error"], "'text' is null, not a text");
  EXPECT_THAT(r.err, HasSubstr("in.jsonl:2: 'text' is null, not a text"));
  EXPECT_THAT(r.err, HasSubstr("3 of 5 rows have no answer"));
}

// An unreadable row is like one without a text: every verb names it and answers the others, from a file and from a
// pipe.
TEST(RowAnswers, ARowThatCannotBeReadIsNamedAndTheOthersAreAnswered) {
  const Scratch scratch;
  const std::string lines = "{\"text\":\n{\"text\":\"w5 [MASK]\"}\n[1]\n{\"text\":\"w6 [MASK]\"}\n";
  const std::string cells = "id,text\n1\n2,w5 [MASK]\n3,w5,w6\n4,w6 [MASK]\n";
  const std::vector<std::vector<std::string>> verbs{{"classify", "gpt2/classifier"},
                                                    {"fill", "bert/masked"},
                                                    {"tag", "bert/tokens", "--ignore-labels", "none"},
                                                    {"embed", "gpt2/causal"},
                                                    {"run", "gpt2/causal", "-n", "1"},
                                                    {"tokenize", "gpt2/causal"}};
  for (const auto& verb : verbs)
    for (const std::string format : {"jsonl", "csv"}) {
      const std::string& text = format == "csv" ? cells : lines;
      const std::string file = written(scratch, "in." + format, text);
      for (const bool piped : {false, true}) {
        std::vector<std::string> more(verb.begin() + 2, verb.end());
        more.insert(more.end(), {"--json", "--input", piped ? "-" : file, "--input-format", format});
        const CliResult r = run(verb[0], verb[1], more, {.input = piped ? text : ""});
        EXPECT_EQ(r.exit_code, 3) << verb[0] << ": " << r.err;
        EXPECT_THAT(rows_of(r.out), ElementsAre(0, 1, 2, 3)) << verb[0] << ", " << format << ": " << r.err;
        EXPECT_THAT(r.out, HasSubstr("{\"row\":2,\"error\":")) << verb[0];
        EXPECT_THAT(r.err, HasSubstr(format == "csv" ? ":4: 3 cells" : ":3: '[1]'")) << verb[0];
      }
    }
}

// Columns of a task other than completion are not empty prompts.
TEST(RowAnswers, RunRefusesRowsWithoutAPrompt) {
  const Scratch scratch;
  const std::string file = written(scratch, "in.csv", "question,context\nw5,w6\n");
  const CliResult r = run("run", "gpt2/causal", {"--json", "--max-new-tokens", "2", "--input", file});
  EXPECT_EQ(r.exit_code, 3);
  EXPECT_THAT(r.err, HasSubstr("the columns are those of question answering"));
}

// The index of pandas has no name in the header; its cells stay.
TEST(RowAnswers, AColumnWithoutANameStays) {
  const Scratch scratch;
  const std::string file = written(scratch, "in.csv", ",text\n7,w5\n9,w6\n");
  const std::string out = (scratch / "out.csv").string();
  const CliResult r = run("classify", "gpt2/classifier", {"--input", file, "--output", out});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_THAT(read_file(scratch / "out.csv"),
              testing::AllOf(HasSubstr("column1,text,label,"), HasSubstr("\n7,w5,"), HasSubstr("\n9,w6,")));
}

TEST(RowAnswers, AColumnOfTheSameNameStays) {
  const Scratch scratch;
  const std::string file = written(scratch, "in.csv", "text,label\nw5,red\nw6,green\n");
  const std::string out = (scratch / "out.csv").string();
  const CliResult r = run("classify", "gpt2/classifier", {"--input", file, "--output", out});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_TRUE(read_file(scratch / "out.csv").starts_with("text,label,predicted_label,score,margin,abstained\nw5,red,"));
  EXPECT_THAT(r.err, HasSubstr("predicted_label"));
  EXPECT_THAT(r.err, HasSubstr("accuracy"));
  const std::string taken = written(scratch, "taken.csv", "text,label,predicted_label\nw5,red,red\n");
  const CliResult refused =
      run("classify", "gpt2/classifier", {"--input", taken, "--output", (scratch / "x.csv").string()});
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_FALSE(std::filesystem::exists(scratch / "x.csv"));
}

// Rows do not shift in a joined file either.
TEST(RowAnswers, RowsWithoutAnAnswerKeepTheirPlaceInTheFile) {
  const Scratch scratch;
  const std::string file = written(scratch, "in.txt", "w5\n\nw6\n");
  const std::string out = (scratch / "out.csv").string();
  ASSERT_EQ(run("classify", "gpt2/classifier", {"--input", file, "--output", out}).exit_code, 0);
  const std::string text = read_file(scratch / "out.csv");
  EXPECT_THAT(text, ::testing::StartsWith("text,label,score,margin,abstained\nw5,"));
  EXPECT_THAT(text, HasSubstr("\n,,,,\nw6,"));
  const std::string rows = written(scratch, "in.jsonl", "{\"text\":\"\",\"n\":1}\n{\"text\":\"w6\",\"n\":[2]}\n");
  EXPECT_EQ(run("classify", "gpt2/classifier", {"--input", rows, "--output", out}).exit_code, 3);
  EXPECT_THAT(read_file(scratch / "out.csv"),
              ::testing::StartsWith("text,n,label,score,margin,abstained\n,1,,,,\nw6,[2],"));
}

// The header of a stream is that of its first rows: a later new column is an error of the input.
TEST(RowAnswers, AColumnThatComesLateIsBadInput) {
  const Scratch scratch;
  const std::string out = (scratch / "out.csv").string();
  const CliResult r = run("fill", "bert/masked", {"--stream", "--output", out, "--input", "-"},
                          {.input = "{\"text\":\"[MASK]\"}\n{\"text\":\"[MASK]\",\"late\":1}\n"});
  EXPECT_EQ(r.exit_code, 3) << r.err;
  EXPECT_THAT(r.err, HasSubstr("stdin:2: the row has a column 'late'"));
  EXPECT_FALSE(std::filesystem::exists(out));
}

TEST(RowAnswers, AnEndingThatNamesNoFormatIsRefused) {
  const CliResult r = run("classify", "gpt2/classifier", {"w5", "--output", "out.xlsx"});
  EXPECT_EQ(r.exit_code, 2);
  EXPECT_THAT(r.err, HasSubstr("end it in .csv, .tsv or .jsonl"));
}

TEST(RowAnswers, FillAndScoreJoinTheirBest) {
  const Scratch scratch;
  const std::string out = (scratch / "out.jsonl").string();
  ASSERT_EQ(run("fill", "bert/masked", {"w5 [MASK]", "--output", out}).exit_code, 0);
  const Json filled = json_lines(read_file(out)).at(0);
  const Json best = json_lines(run("fill", "bert/masked", {"w5 [MASK]", "--json"}).out).at(0).at(0);
  for (const char* key : {"token_str", "score", "sequence"}) EXPECT_EQ(filled[key], best[key]) << key;
  EXPECT_EQ(filled["text"], "w5 [MASK]");
  ASSERT_EQ(
      run("score", "gpt2/causal", {"--prompt", "w5", "--continuation", " w6", "--continuation", " w7", "--output", out})
          .exit_code,
      0);
  const Json scored = json_lines(read_file(out)).at(0);
  EXPECT_EQ(scored["prompt"], "w5");
  EXPECT_TRUE(scored["continuation"] == " w6" || scored["continuation"] == " w7");
}

}  // namespace
}  // namespace linnet::test
