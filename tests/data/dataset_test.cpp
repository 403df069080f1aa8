#include "linnet/data/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

Dataset parse(const std::string& text, const char* format = "csv", const ReadOptions& options = {}) {
  return parse_dataset(text, format, "f", options);
}

std::string error_of(const std::string& text, const char* format = "csv", const ReadOptions& options = {}) {
  try {
    parse(text, format, options);
    return "fine";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    return error.what();
  }
}

std::vector<std::string> texts(const Dataset& data) {
  std::vector<std::string> out;
  for (const Example& example : data.examples) out.push_back(example.text);
  return out;
}
std::vector<std::int32_t> labels(const Dataset& data) {
  std::vector<std::int32_t> out;
  for (const Example& example : data.examples) out.push_back(example.label);
  return out;
}

class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("linnet_dataset_" + std::to_string(getpid()))) {
    fs::remove_all(path_);
    fs::create_directory(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  fs::path write(const std::string& name, const std::string& text) const {
    write_file(path_ / name, text);
    return path_ / name;
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

TEST(Dataset, ATextFileIsATextALine) {
  const Dataset data = parse("one\r\n\n two \nthree", "txt");
  EXPECT_EQ(data.shape, DataShape::kText);
  EXPECT_THAT(texts(data), ElementsAre("one", "", " two ", "three"));
  EXPECT_EQ(data.place(2), "f:3");
}

// An empty line of a .txt is a row, so that nothing shifts; at the end of the file it is not.
TEST(Dataset, EmptyRowsKeepTheirPlaces) {
  const auto rows = [](const Dataset& data) {
    std::vector<std::pair<std::int64_t, std::string>> out;
    for (const Example& example : data.examples) out.emplace_back(example.index, example.text);
    return out;
  };
  using Row = std::pair<std::int64_t, std::string>;
  EXPECT_THAT(rows(parse("\na\n\n\nb\n\n\n", "txt")),
              ElementsAre(Row(0, ""), Row(1, "a"), Row(2, ""), Row(3, ""), Row(4, "b")));
  // The empty cell of a one-column CSV, quoted or not; a quoted one is also a row at the end.
  EXPECT_THAT(rows(parse("text\na\n\"\"\n\nb\n\"\"\n\n")),
              ElementsAre(Row(0, "a"), Row(1, ""), Row(2, ""), Row(3, "b"), Row(4, "")));
  // With several columns or JSON, an empty line is not a row, but it is counted.
  EXPECT_THAT(rows(parse("text,label\na,x\n\nb,y\n")), ElementsAre(Row(0, "a"), Row(2, "b")));
  EXPECT_THAT(rows(parse("{\"text\":\"a\"}\n\n{\"text\":\"b\"}\n", "jsonl")), ElementsAre(Row(0, "a"), Row(2, "b")));
  EXPECT_THAT(rows(parse("[{\"text\":\"a\"},{\"text\":\"b\"}]", "json")), ElementsAre(Row(0, "a"), Row(1, "b")));
  const Dataset dropped = parse("a\n\nb\n", "txt", {.empty_lines = EmptyLines::kDropped});
  EXPECT_THAT(rows(dropped), ElementsAre(Row(0, "a"), Row(2, "b")));
  EXPECT_EQ(dropped.blank_rows, 1);
}

TEST(Dataset, OneLineIsEnoughAndNoneIsAnError) {
  EXPECT_THAT(texts(parse("only", "txt")), ElementsAre("only"));
  for (const char* format : {"txt", "jsonl", "csv", "tsv"}) {
    EXPECT_EQ(error_of("", format), "f:1: there are no rows in it; give a file that has some");
    EXPECT_EQ(error_of("\n\n", format), "f:1: there are no rows in it; give a file that has some");
  }
  EXPECT_EQ(error_of("text,label\n"), "f:1: there are no rows in it; give a file that has some");
}

TEST(Dataset, CsvQuotesHoldLineEndsCommasAndQuotes) {
  const Dataset data = parse("text,label\r\n\"a, \"\"b\"\"\r\nc\",x\r\nplain,y\r\n");
  EXPECT_EQ(data.shape, DataShape::kClassification);
  EXPECT_THAT(texts(data), ElementsAre("a, \"b\"\r\nc", "plain"));
  EXPECT_THAT(labels(data), ElementsAre(0, 1));
  EXPECT_THAT(data.label_names, ElementsAre("x", "y"));
  EXPECT_EQ(data.examples[1].line, 4);
}

TEST(Dataset, AByteOrderMarkIsPassedOver) {
  EXPECT_THAT(texts(parse("\xEF\xBB\xBFtext,label\na,x\n")), ElementsAre("a"));
  EXPECT_THAT(texts(parse("\xEF\xBB\xBF{\"text\":\"a\"}\n", "jsonl")), ElementsAre("a"));
}

TEST(Dataset, BrokenCellsAreNamed) {
  EXPECT_THAT(error_of("text,label\na,x\nb\n"),
              HasSubstr("f:3: 1 cells, the first line has 2 columns (the row begins 'b')"));
  EXPECT_THAT(error_of("text,label\n\"a,x\nb,y\n"), HasSubstr("f:2: a quote '\"' is not closed"));
  EXPECT_THAT(error_of("text,label\n\"a\"b,x\n"), HasSubstr("f:2: text follows the closing quote"));
  EXPECT_THAT(error_of("text,label,text\na,x,b\n"), HasSubstr("f:1: the column 'text' is there twice"));
  EXPECT_THAT(error_of("text,label\nok,x\n\xFF,y\n"), HasSubstr("f:3: the byte 0xff is not UTF-8"));
}

TEST(Dataset, TabSeparatedFilesNeedNoQuoting) {
  const Dataset data = parse("text\tlabel\n\" a\tx\nb \"c\"\ty\n\"quoted\ttab\"\tx\n", "tsv");
  EXPECT_THAT(texts(data), ElementsAre("\" a", "b \"c\"", "quoted\ttab"));
  EXPECT_THAT(texts(parse("text\n\"two\nlines\"\n", "tsv")), ElementsAre("two\nlines"));
}

TEST(Dataset, JsonLinesNameTheLineThatIsBroken) {
  EXPECT_THAT(error_of("{\"text\":\"a\"}\n\n{\"text\":\n", "jsonl"), HasSubstr("f:3: "));
  EXPECT_THAT(error_of("{\"text\":\"a\"}\n[1]\n", "jsonl"), HasSubstr("f:2: '[1]' is not a JSON object"));
  EXPECT_THAT(error_of("{\"text\":\"a\",\"text\":\"b\"}\n", "jsonl"), HasSubstr("f:1: key 'text' stands twice"));
  EXPECT_THAT(error_of("{\"text\":\"a\"}\n{\"text\":null}\n", "jsonl"), HasSubstr("f:2: 'text' is null, not a text"));
  EXPECT_THAT(error_of("{\"text\":\"a\"}\n{\"txt\":\"b\"}\n", "jsonl"),
              HasSubstr("f:2: 'text' is missing, not a text"));
}

TEST(Dataset, JsonArraysKeepTheLinesOfTheirRows) {
  const Dataset data = parse("[\n {\"text\": \"a]\", \"label\": 1},\n\n {\"text\": \"b\",\n \"label\": 0}]", "json");
  EXPECT_THAT(texts(data), ElementsAre("a]", "b"));
  EXPECT_EQ(data.place(1), "f:4");
  EXPECT_THAT(texts(parse("{\"text\":\"a\"}\n{\"text\":\"b\"}\n", "json")), ElementsAre("a", "b"));
}

TEST(Dataset, LabelsAreNamesOrIds) {
  EXPECT_THAT(parse("text,label\na,2\nb,0\nc,1\n").label_names, ElementsAre("0", "1", "2"));
  EXPECT_THAT(labels(parse("text,label\na,2\nb,0\nc,1\n")), ElementsAre(2, 0, 1));
  EXPECT_THAT(labels(parse("text,label\na,10\nb,9\nc,10\n")), ElementsAre(1, 0, 1));  // by value, not by text
  EXPECT_THAT(labels(parse("text,label\na,-1\nb,1\n")), ElementsAre(0, 1));
  const ReadOptions known{.label_names = {"neg", "pos"}};
  EXPECT_THAT(labels(parse("text,label\na,1\nb,0\n", "csv", known)), ElementsAre(1, 0));
  EXPECT_EQ(error_of("text,label\na,pos\nb,good\n", "csv", known),
            "f:3: the label 'good' is none of: neg, pos; correct it");
  EXPECT_EQ(error_of("text,label\na,2\n", "csv", known), "f:2: the label '2' is none of: neg, pos; correct it");
  EXPECT_THAT(parse("{\"text\":\"a\",\"label\":true}\n{\"text\":\"b\",\"label\":false}", "jsonl").label_names,
              ElementsAre("false", "true"));
}

TEST(Dataset, LabelsMayBeMissingUnlessRequired) {
  EXPECT_THAT(labels(parse("text,label\na,\nb,x\n")), ElementsAre(-1, 0));
  EXPECT_EQ(error_of("text,label\na,x\nb,\n", "csv", {.labels = Labels::kRequired}),
            "f:3: the row has no 'label'; give it one");
  EXPECT_THAT(error_of("text\na\n", "csv", {.labels = Labels::kRequired}),
              HasSubstr("no columns for text with a label"));
  const Dataset ignored = parse("text,label\na,x\n", "csv", {.labels = Labels::kIgnored});
  EXPECT_EQ(ignored.shape, DataShape::kText);
  EXPECT_TRUE(ignored.label_names.empty());
}

TEST(Dataset, FractionsAreRegressedAndListsAreManyLabels) {
  const Dataset values = parse("text,label\na,0.5\nb,2\n");
  EXPECT_EQ(values.label_kind, LabelKind::kValue);
  EXPECT_EQ(values.examples[0].value, 0.5);
  EXPECT_EQ(error_of("text,label\na,0.5\nb,x\n", "csv", {.label_kind = LabelKind::kValue}),
            "f:3: the label 'x' is not a number; correct it");
  const Dataset many = parse("{\"text\":\"a\",\"labels\":[\"x\",\"y\"]}\n{\"text\":\"b\",\"labels\":[]}\n", "jsonl");
  EXPECT_EQ(many.label_kind, LabelKind::kMulti);
  EXPECT_THAT(many.examples[0].labels, ElementsAre(0, 1));
  EXPECT_TRUE(many.examples[1].labels.empty());
  const Dataset cells = parse("text,label\na,\"y, x\"\nb,x\n", "csv", {.label_kind = LabelKind::kMulti});
  EXPECT_THAT(cells.examples[0].labels, ElementsAre(1, 0));
}

TEST(Dataset, ColumnsHaveAliasesAndCanBeNamed) {
  EXPECT_THAT(texts(parse("sentence,label\na,x\n")), ElementsAre("a"));
  const Dataset pairs = parse("premise,hypothesis,label\na,b,x\n");
  EXPECT_TRUE(pairs.has_pairs);
  EXPECT_EQ(pairs.examples[0].text_pair, "b");
  const Dataset named = parse("id,body,tone\n1,a,x\n", "csv", {.text_column = "body", .label_column = "tone"});
  EXPECT_THAT(texts(named), ElementsAre("a"));
  EXPECT_EQ(named.examples[0].row.find("id").text, "1");
  EXPECT_EQ(error_of("a,b\n1,2\n", "csv", {.text_column = "c"}), "f:2: there is no text column 'c'; there are: a, b");
  EXPECT_THAT(error_of("a,b\n1,2\n"), HasSubstr("f:2: no columns for text among: a, b"));
}

TEST(Dataset, OtherShapes) {
  EXPECT_EQ(parse("prompt,completion\na,b\n").examples[0].completion, "b");
  EXPECT_EQ(parse("source,target\na,b\n").examples[0].target, "b");
  EXPECT_EQ(parse("{\"translation\":{\"en\":\"a\",\"de\":\"b\"}}", "jsonl").examples[0].target, "b");
  EXPECT_EQ(parse("document,summary\na,b\n").shape, DataShape::kSeq2Seq);
  const Dataset chat = parse(R"({"messages":[{"role":"user","content":"hi"}],"tools":[{"name":"f"}]})", "jsonl");
  EXPECT_EQ(chat.examples[0].messages()[0].at("content"), "hi");
  EXPECT_EQ(chat.examples[0].tools().size(), 1u);
  const Dataset share =
      parse(R"({"conversations":[{"from":"human","value":"q"},{"from":"gpt","value":"a"}]})", "jsonl");
  EXPECT_EQ(share.examples[0].messages()[1].at("role"), "assistant");
  const Dataset tokens = parse(R"({"words":["A","b"],"ner":["B-X","O"]})", "jsonl");
  EXPECT_THAT(tokens.examples[0].tags, ElementsAre(0, 1));
  EXPECT_THAT(error_of(R"({"words":["A","b"],"ner":["O"]})", "jsonl"), HasSubstr("not lists of one length (2 and 1)"));
  EXPECT_THAT(error_of("x", "parquet"), HasSubstr("end in '.parquet' cannot be read"));
  EXPECT_THAT(error_of("x", ""), HasSubstr("its format is not given"));
  EXPECT_THAT(error_of(R"({"messages":[]})", "jsonl"), HasSubstr("f:1: 'messages' is [], not a list of turns"));
  EXPECT_THAT(error_of(R"({"messages":[{"content":"x"}]})", "jsonl"), HasSubstr("has no 'role'"));
}

TEST(Dataset, QuestionsHaveAnswersInTheirContext) {
  const std::string row = R"({"question":"q","context":"éa bc","answers":{"text":["bc"],"answer_start":[3]}})";
  EXPECT_EQ(parse(row, "jsonl").examples[0].answers()[0].start, 3);  // characters, not bytes
  EXPECT_THAT(error_of(R"({"question":"q","context":"abc","answers":{"text":["bc"],"answer_start":[2]}})", "jsonl"),
              HasSubstr("f:1: the answer 'bc' is not at character 2"));
  const std::string squad = R"({"version":"2","data":[{"title":"t","paragraphs":[{"context":"abc","qas":[
      {"question":"q1","answers":[{"text":"b","answer_start":1}]},{"question":"q2","answers":[]}]}]}]})";
  const Dataset data = parse(squad, "json");
  ASSERT_EQ(data.examples.size(), 2u);
  EXPECT_EQ(data.examples[0].context, "abc");
  EXPECT_TRUE(data.examples[1].answers().empty());
}

TEST(Dataset, LimitStopsReading) {
  EXPECT_EQ(parse("text,label\na,x\nb,y\nbroken\n", "csv", {.limit = 2}).examples.size(), 2u);
}

TEST(Dataset, FoldersHaveSplitsThatShareTheirLabels) {
  const Folder folder;
  folder.write("train.csv", "text,label\na,pos\nb,neg\n");
  folder.write("validation.jsonl", "{\"text\":\"c\",\"label\":\"pos\"}\n");
  folder.write("test.tsv", "text\tlabel\nd\tneg\n");
  folder.write("README.md", "not data");
  const DatasetSplits splits = read_splits(folder.path());
  EXPECT_THAT(splits.train.label_names, ElementsAre("neg", "pos"));
  EXPECT_EQ(splits.valid->examples[0].label, 1);
  EXPECT_EQ(splits.test->examples[0].label, 0);
  folder.write("dev.jsonl", "{\"text\":\"c\",\"label\":\"other\"}\n");
  EXPECT_THROW(read_splits(folder.path()), Error);  // two validation files
  fs::remove(folder.path() / "validation.jsonl");
  try {
    read_splits(folder.path());
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("dev.jsonl:1: the label 'other' is none of: neg, pos"));
  }
}

TEST(Dataset, AFolderWithoutTrainingDataIsRefused) {
  const Folder folder;
  folder.write("valid.csv", "text\na\n");
  EXPECT_THROW(read_splits(folder.path()), Error);
  EXPECT_EQ(read_splits(folder.write("x.txt", "a\n")).train.examples.size(), 1u);
  EXPECT_THROW(read_dataset(folder.write("x.pdf", "a\n")), Error);
  EXPECT_THROW(read_dataset(folder.path() / "missing.csv"), Error);
}

TEST(Dataset, SplitOffIsSeededAndBalanced) {
  std::string text = "text,label\n";
  for (int i = 0; i < 200; ++i) text += "t" + std::to_string(i) + (i % 4 == 0 ? ",a\n" : ",b\n");
  const auto split = [&](std::uint64_t seed, double fraction) {
    Dataset train = parse(text);
    Dataset valid = split_off(train, fraction, seed);
    return std::pair(std::move(train), std::move(valid));
  };
  const auto [train, valid] = split(1, 0.1);
  EXPECT_EQ(valid.examples.size(), 20u);
  EXPECT_EQ(train.examples.size(), 180u);
  EXPECT_EQ(std::ranges::count(labels(valid), 0), 5);
  EXPECT_EQ(valid.label_names, train.label_names);
  EXPECT_EQ(texts(split(1, 0.1).second), texts(valid));
  EXPECT_NE(texts(split(2, 0.1).second), texts(valid));
  EXPECT_TRUE(split(1, 0).second.examples.empty());
  EXPECT_FALSE(split(1, 0.999).first.examples.empty());
  EXPECT_THROW(split(1, 1.0), Error);
}

TEST(Dataset, ReadsTheSharedSamples) {
  const fs::path data = fs::path(LINNET_SOURCE_DIR) / ".." / "shared" / "data";
  if (!fs::exists(data)) GTEST_SKIP() << "no ../shared/data";
  const DatasetSplits code = read_splits(data / "code-snippets");
  EXPECT_EQ(code.train.examples.size(), 320u);
  EXPECT_EQ(code.test->examples.size(), 80u);
  EXPECT_EQ(code.train.label_names, code.test->label_names);
  const Dataset mrpc = read_dataset(data / "glue-squad-samples" / "MRPC" / "train.csv");
  EXPECT_TRUE(mrpc.has_pairs);
  EXPECT_THAT(mrpc.label_names, ElementsAre("equivalent", "not_equivalent"));
  const Dataset tsv =
      read_dataset(data / "glue-squad-samples" / "MRPC" / "train.tsv",
                   {.text_column = "#1 String", .text_pair_column = "#2 String", .label_column = "Quality"});
  ASSERT_EQ(tsv.examples.size(), mrpc.examples.size());
  for (std::size_t i = 0; i < tsv.examples.size(); ++i) EXPECT_EQ(tsv.examples[i].text, mrpc.examples[i].text) << i;
  EXPECT_EQ(read_dataset(data / "glue-squad-samples" / "SQUAD" / "sample.json").shape, DataShape::kQuestion);
  EXPECT_EQ(read_dataset(data / "glue-squad-samples" / "conll" / "sample.json").shape, DataShape::kTokens);
  EXPECT_EQ(read_dataset(data / "glue-squad-samples" / "wmt16" / "sample.json").shape, DataShape::kSeq2Seq);
  EXPECT_EQ(read_dataset(data / "glue-squad-samples" / "xsum" / "sample.json").shape, DataShape::kSeq2Seq);
  EXPECT_EQ(read_dataset(data / "hatecheck" / "test_suite_cases.csv",
                         {.text_column = "test_case", .label_column = "label_gold"})
                .label_names.size(),
            2u);
}

// For answers an unreadable row is an example with a fault; for training it is an error of the file.
TEST(Dataset, RowsThatCannotBeReadAreFaultsOrTheFilesError) {
  const std::string lines = "{\"text\":\n{\"text\":\"a\",\"label\":\"x\"}\n[]\n";
  const ReadOptions kept{.one_text = true, .faulty_rows = FaultyRows::kKept};
  const Dataset data = parse_dataset(lines, "jsonl", "f", kept);
  ASSERT_EQ(data.examples.size(), 3U);
  EXPECT_EQ(data.faults.size(), 2U);
  EXPECT_EQ(data.faults.at(2), "'[]' is not a JSON object; write one {…} per line");
  EXPECT_EQ(std::string(data.examples[1].text), "a");
  EXPECT_EQ(data.examples[1].label, 0);
  EXPECT_EQ(data.examples[2].line, 3);
  EXPECT_EQ(data.examples[2].label, -1);
  EXPECT_TRUE(data.examples[2].row.json().empty());
  EXPECT_THAT(refusal([&] { parse_dataset(lines, "jsonl", "f"); }), HasSubstr("f:1: "));
  EXPECT_THAT(refusal([&] { parse_dataset("text,label\na,b\nc\n", "csv", "f"); }),
              HasSubstr("f:3: 1 cells, the first line has 2 columns"));
  // Columns are unknown if no row is readable.
  EXPECT_EQ(parse_dataset("{\n", "jsonl", "f", kept).faults.size(), 1U);
}

TEST(Dataset, AStreamGivesRowsThatCannotBeRead) {
  const Scratch scratch;
  const auto faults = [&](const std::string& name, const std::string& text) {
    put(scratch / name, text);
    std::string found;
    RowStream rows(scratch / name, {.one_text = true, .faulty_rows = FaultyRows::kKept});
    while (const auto row = rows.next()) found += row->faults.empty() ? '.' : '!';
    return found;
  };
  EXPECT_EQ(faults("a.jsonl", "{\n{\"note\":1}\n{\"text\":\"a\"}\n7\n{\"note\":1}\n{\"text\":\"b\"}\n"), "!!.!!.");
  EXPECT_EQ(faults("a.csv", "text,label\na\nb,c\n"), "!.");
  EXPECT_THAT(refusal([&] { faults("b.csv", "note,label\na,b\n"); }), HasSubstr("no columns for text"));
}

}  // namespace
}  // namespace linnet
