// Files and pipes of rows, for every verb that takes texts (docs/cli.md, "Rows of text").
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "linnet/base/file.h"
#include "tests/cli/fixture_texts.h"
#include "tests/cli/run_linnet.h"
#include "tests/scratch.h"

namespace linnet::test {
namespace {

using testing::HasSubstr;

CliResult classify_input(std::vector<std::string> arguments, const std::string& input = "") {
  std::vector<std::string> all{"classify", "-m", model("bert/classifier"), "--dtype", "f32", "--json"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run_linnet(all, {.input = input});
}

// The probabilities of the answer without the row's number.
std::vector<std::string> scores(const CliResult& result) {
  EXPECT_EQ(result.exit_code, 0) << result.err;
  std::vector<std::string> all;
  for (const Json& line : json_lines(result.out))
    if (line.contains("scores")) all.push_back(dump_json(line["scores"]));
  return all;
}

// The same rows in every format, from a pipe or a file, give the same answers.
TEST(DataInput, EveryFormOfTheRowsGivesTheSameAnswers) {
  const auto want = scores(classify_input({"w5 w6", "w7 w8"}));
  ASSERT_EQ(want.size(), 2u);
  const CliResult csv = classify_input({}, "title,text\n\"a, b\",w5 w6\nc,w7 w8\n");
  EXPECT_EQ(scores(csv), want);
  EXPECT_THAT(csv.err, HasSubstr("stdin: read as CSV with the columns title, text"));
  EXPECT_EQ(scores(classify_input({}, "id\ttext\n1\tw5 w6\n2\tw7 w8\n")), want);
  EXPECT_EQ(scores(classify_input({}, "[{\"text\":\"w5 w6\"},{\"text\":\"w7 w8\"}]")), want);
  EXPECT_EQ(scores(classify_input({"--text-column", "body"}, "title,body\na,w5 w6\nb,w7 w8\n")), want);
  EXPECT_EQ(
      scores(classify_input({"--delimiter", ";", "--no-header", "--text-column", "column2"}, "1;w5 w6\n2;w7 w8\n")),
      want);
  EXPECT_EQ(scores(classify_input({"--input-format", "csv"}, "text\rw5 w6\rw7 w8\r")), want);
  const Scratch scratch;
  write_file(scratch / "f.csv", "id;text\n1;w5 w6\n2;w7 w8\n");
  const CliResult guessed = classify_input({"--input", (scratch / "f.csv").string()});
  EXPECT_EQ(scores(guessed), want);
  EXPECT_THAT(guessed.err, HasSubstr("the cells are separated by ';'"));
}

TEST(DataInput, SecondTextsHaveTheirColumn) {
  const auto want = scores(classify_input({}, "{\"text\":\"w5 w6\",\"text_pair\":\"w7\"}\n"));
  EXPECT_EQ(scores(classify_input({"--text-column", "a", "--text-pair-column", "b"}, "a,b\nw5 w6,w7\n")), want);
}

TEST(DataInput, WhatCannotBeReadIsSaid) {
  const CliResult columns = classify_input({}, "title,body\na,w5\nb,w6\n");
  EXPECT_EQ(columns.exit_code, 3);
  EXPECT_THAT(columns.err, HasSubstr("looks like CSV with the columns title, body"));
  const Scratch scratch;
  write_file(scratch / "f.parquet", "PAR1....PAR1");
  const CliResult parquet = classify_input({"--input", (scratch / "f.parquet").string()});
  EXPECT_EQ(parquet.exit_code, 3);
  EXPECT_THAT(parquet.err, HasSubstr("is a Parquet file"));
  EXPECT_EQ(classify_input({"--delimiter", "ab"}, "w5\n").exit_code, 2);
  EXPECT_EQ(classify_input({"--input-format", "yaml"}, "w5\n").exit_code, 2);
}

// The format of the examples is detected independently of the input's.
TEST(DataInput, TheInputsFormatSaysNothingOfTheExamples) {
  const Scratch scratch;
  write_file(scratch / "solved.csv", "text,label\nw5,a\nw6,b\n");
  const CliResult r = run_linnet(
      {"classify", "-m", model("gpt2/causal"), "--labels", "a,b", "--examples", (scratch / "solved.csv").string(),
       "--shots", "2", "--delimiter", ";", "--no-header", "--show-prompt"},
      {.input = "w7\n"});
  EXPECT_EQ(r.exit_code, 0) << r.err;
  EXPECT_THAT(r.err, HasSubstr("w5"));
}

// A gold label that is a number and not a label of the head is rejected with its row, before any answer.
TEST(DataInput, AnUnknownNumberIsNoLabel) {
  const CliResult numbers = classify_input({}, "{\"text\":\"w5\",\"label\":1}\n{\"text\":\"w6\",\"label\":7}\n");
  EXPECT_EQ(numbers.exit_code, 3);
  EXPECT_THAT(numbers.err, HasSubstr("stdin:1: the label '1' is none of: red, green, blue"));
  EXPECT_EQ(numbers.out, "");
  EXPECT_EQ(classify_input({}, "{\"text\":\"w5\",\"label\":1}\n{\"text\":\"w6\",\"label\":0}\n").exit_code, 0);
}

// Columns that could be a completion, a question, tagged words or a chat are not empty texts.
TEST(DataInput, ATextIsFoundAmongColumnsOfOtherTasks) {
  const auto want = scores(classify_input({"w5 w6"}));
  EXPECT_EQ(scores(classify_input({}, "{\"prompt\":\"w5 w6\",\"completion\":\"w7\"}\n")), want);
  EXPECT_EQ(scores(classify_input({}, "{\"tokens\":[\"a\"],\"tags\":[\"b\"],\"text\":\"w5 w6\"}\n")), want);
  EXPECT_EQ(scores(classify_input({}, "{\"question\":\"a\",\"context\":\"b\",\"text\":\"w5 w6\"}\n")), want);
  EXPECT_EQ(scores(classify_input({}, "{\"source\":\"w5 w6\",\"target\":\"b\"}\n")), want);
  for (const char* row :
       {"{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}\n", "{\"question\":\"a\",\"context\":\"b\"}\n"}) {
    const CliResult r = classify_input({}, row);
    EXPECT_EQ(r.exit_code, 3) << row;
    EXPECT_THAT(r.err, HasSubstr("stdin:1: no columns for text among")) << row;
  }
}

// --problem-type is an option of train; a head's classes may have a decimal point in the file, as pandas writes them.
TEST(DataInput, NumbersWithAPointAreTheHeadsClasses) {
  const Scratch scratch;
  write_file(scratch / "f.csv", "text,label\nw5 w6,1.0\nw7 w8,0.0\n");
  const CliResult r = classify_input({"--input", (scratch / "f.csv").string()});
  EXPECT_EQ(r.exit_code, 0) << r.err;
  EXPECT_EQ(json_lines(r.out).back()["summary"]["labelled"], 2);
}

// `score` and `tokenize` read the rows that other verbs read.
TEST(DataInput, ScoreReadsEveryFormOfItsRows) {
  const auto score = [](const std::vector<std::string>& more, const std::string& input) {
    std::vector<std::string> all{"score", "-m", model("gpt2/causal"), "--dtype", "f32", "--json", "--input", "-"};
    all.insert(all.end(), more.begin(), more.end());
    return scores(run_linnet(all, {.input = input}));
  };
  const auto want = score({}, "{\"prompt\":\"w5\",\"continuations\":[\" w6\",\" w7\"]}\n");
  ASSERT_EQ(want.size(), 1U);
  EXPECT_EQ(score({}, "prompt,continuations\nw5,\"[\"\" w6\"\",\"\" w7\"\"]\"\n"), want);
  EXPECT_EQ(score({"--input-format", "csv", "--delimiter", ";", "--text-column", "q"},
                  "q;continuations\nw5;\"[\"\" w6\"\",\"\" w7\"\"]\"\n"),
            want);
  EXPECT_EQ(score({}, "[{\"prompt\":\"w5\",\"continuations\":[\" w6\",\" w7\"]}]"), want);
  const CliResult text =
      run_linnet({"score", "-m", model("gpt2/causal"), "--input", "-"}, {.input = "prompt,continuations\nw5,w6\n"});
  EXPECT_EQ(text.exit_code, 3);
  EXPECT_THAT(text.err, HasSubstr("stdin:2: 'continuations' is not a list of texts"));
}

TEST(DataInput, TokenizeReadsEveryFormOfItsRows) {
  const Scratch scratch;
  const auto tokenize = [&](const std::vector<std::string>& more, const std::string& input) {
    std::vector<std::string> all{"tokenize", "-m", model("bert/classifier"), "--json"};
    all.insert(all.end(), more.begin(), more.end());
    const CliResult r = run_linnet(all, {.input = input});
    EXPECT_EQ(r.exit_code, 0) << r.err;
    Json found = Json::array();
    for (Json line : json_lines(r.out)) {
      line.erase("row");
      found.push_back(std::move(line));
    }
    return found;
  };
  const std::vector<std::string> piped{"--input", "-"};
  const auto with = [&](std::vector<std::string> more, const std::string& input) {
    more.insert(more.begin(), piped.begin(), piped.end());
    return tokenize(more, input);
  };
  const Json want = tokenize({"w5 w6", "w7"}, "");
  ASSERT_EQ(want.size(), 2U);
  EXPECT_EQ(with({}, "w5 w6\nw7\n"), want);
  EXPECT_EQ(with({}, "id,text\n1,w5 w6\n2,w7\n"), want);
  EXPECT_EQ(with({"--no-header", "--delimiter", "tab", "--text-column", "column2"}, "1\tw5 w6\n2\tw7\n"), want);
  EXPECT_EQ(with({}, "{\"text\":\"w5 w6\",\"pair\":null}\n{\"text\":\"w7\"}\n"), want);
  write_file(scratch / "t.txt", "w5 w6\n\nw7\n");
  EXPECT_EQ(tokenize({"--input", (scratch / "t.txt").string()}, "").size(), 3U) << "an empty line has its tokens";
  const Json pair = tokenize({"w5 w6", "--pair", "w7"}, "");
  EXPECT_EQ(with({}, "{\"text\":\"w5 w6\",\"pair\":\"w7\"}\n"), pair);
  EXPECT_EQ(with({}, "sentence1,sentence2\nw5 w6,w7\n"), pair);
  EXPECT_EQ(with({"--text-pair-column", "b"}, "text,b\nw5 w6,w7\n"), pair);
  const Json text = tokenize({"--decode", "5,6"}, "");
  EXPECT_EQ(with({"--decode"}, "{\"ids\":[5,6]}\n"), text);
  EXPECT_EQ(with({"--decode", "--input-format", "csv"}, "ids\n\"5,6\"\n"), text);
  EXPECT_EQ(with({"--decode", "--input-format", "csv", "--text-column", "x"}, "x\n\"[5, 6]\"\n"), text);
}

TEST(DataInput, RowsWithoutIdsAreNamed) {
  const CliResult r = run_linnet({"tokenize", "-m", model("bert/classifier"), "--json", "--decode", "--input", "-"},
                                 {.input = "{\"note\":1}\n{\"ids\":[5]}\n{\n{\"ids\":[1.5]}\n"});
  EXPECT_EQ(r.exit_code, 3);
  EXPECT_EQ(json_lines(r.out).size(), 4U);
  EXPECT_THAT(r.err, HasSubstr("stdin:1: the row has no list 'ids'"));
  EXPECT_THAT(r.err, HasSubstr("stdin:3: "));
  EXPECT_THAT(r.err, HasSubstr("stdin:4: 1.5 in 'ids' is not a token id"));
  const CliResult both = run_linnet({"tokenize", "-m", model("bert/classifier"), "w5", "--input", "-"});
  EXPECT_EQ(both.exit_code, 2);
}

}  // namespace
}  // namespace linnet::test
