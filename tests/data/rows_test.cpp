// Readers of rows: cells, lines, JSON.
#include "linnet/data/rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "linnet/base/error.h"
#include "linnet/data/dataset.h"
#include "linnet/data/json_rows.h"

namespace linnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Returns a text in pieces of a few bytes, like a slow pipe.
class Drops : public ByteSource {
 public:
  Drops(std::string text, std::size_t size) : text_(std::move(text)), size_(size) {}
  std::size_t read(char* to, std::size_t most) override {
    const std::size_t n = text_.copy(to, std::min(most, size_), at_);
    at_ += n;
    return n;
  }

 private:
  std::string text_;
  std::size_t size_, at_ = 0;
};

// Every row as "index@line: name=text name=text"; the same for all sizes of pieces.
std::vector<std::string> rows_of(const std::string& text, const DataFormat& format) {
  std::vector<std::string> first;
  // A row is scanned again with every piece: so small pieces for small texts only.
  for (const std::size_t size : {text.size() / 1000 + 1, text.size() / 1000 + 3, text.size() + 1}) {
    ColumnNames names;
    Arena arena;
    const auto reader = read_rows(TextBuffer(std::make_unique<Drops>(text, size), "f"), format, names);
    std::vector<std::string> rows;
    for (RawRow row; reader->next(arena, row);) {
      std::string shown = fmt::format("{}@{}:", row.record.index(), row.record.line());
      if (!row.fault.empty()) shown += " !" + row.fault;
      for (const Cell& cell : row.record.cells())
        shown += fmt::format(" {}={}{}", row.record.name(cell), cell.kind == CellKind::kJson ? "~" : "",
                             std::string(cell.text));
      rows.push_back(shown);
    }
    if (first.empty())
      first = rows;
    else
      EXPECT_EQ(rows, first) << "in pieces of " << size;
  }
  return first;
}

std::string row_error(const std::string& text, const DataFormat& format) {
  try {
    rows_of(text, format);
    return "fine";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    return error.what();
  }
}

const DataFormat kCsv{.name = "csv"}, kTsv{.name = "tsv", .delimiter = '\t'}, kJson{.name = "json"};

TEST(Rows, CellsComeAsTheyArrive) {
  EXPECT_THAT(rows_of("a,b\r\n\"1,\r\n\"\"2\"\"\",x\r\n3,\r\n", kCsv),
              ElementsAre("0@2: a=1,\r\n\"2\" b=x", "1@4: a=3 b="));
  EXPECT_THAT(rows_of("a\tb\n\" 1\tx\n\"2\n3\"\ty\n", kTsv), ElementsAre("0@2: a=\" 1 b=x", "1@3: a=2\n3 b=y"));
  EXPECT_THAT(rows_of("a;b\n1;\"2;3\"\n", {.name = "csv", .delimiter = ';'}), ElementsAre("0@2: a=1 b=2;3"));
  EXPECT_THAT(rows_of("1,2\n3,4\n", {.name = "csv", .header = false}),
              ElementsAre("0@1: column1=1 column2=2", "1@2: column1=3 column2=4"));
}

// A CSV whose rows end in \r alone, also with quoted line ends of another kind; the same for TSV and JSON.
TEST(Rows, RowsMayEndInCarriageReturnsAlone) {
  EXPECT_THAT(rows_of("text,label\ra,1\r\"b\nc\",2\r", kCsv),
              ElementsAre("0@2: text=a label=1", "1@3: text=b\nc label=2"));
  EXPECT_THAT(rows_of("text\tlabel\ra\t1\r\rb\t2", kTsv), ElementsAre("0@2: text=a label=1", "2@4: text=b label=2"));
  EXPECT_THAT(rows_of("{\"a\":1}\r{\"a\":\"x\"}\r", {.name = "jsonl"}), ElementsAre("0@1: a=~1", "1@2: a=x"));
}

// Names are trimmed, also across rows.
TEST(Rows, NamesAreTrimmed) {
  EXPECT_THAT(rows_of("text, label\na,1\n", kCsv), ElementsAre("0@2: text=a label=1"));
  EXPECT_THAT(rows_of("{\" text\":\"a\"}\n{\"text \":\"b\",\"label\":null}\n", {.name = "jsonl"}),
              ElementsAre("0@1: text=a", "1@2: text=b label=~null"));
}

// The end of a row is certain: only it has a fault.
TEST(Rows, ARowThatCannotBeReadIsOneRow) {
  EXPECT_THAT(rows_of("{\"a\":1}\n{\"a\":\n\n[1]\n{\" a\":1,\"a\":2}\n{\"a\":3}\n", {.name = "jsonl"}),
              ElementsAre("0@1: a=~1", HasSubstr("1@2: !"), HasSubstr("3@4: !'[1]' is not a JSON object"),
                          HasSubstr("4@5: !the key 'a' is there twice"), "5@6: a=~3"));
  EXPECT_THAT(rows_of("a,b\n1\n2,3\n\n4,5,6\n7,8", kCsv),
              ElementsAre(HasSubstr("0@2: !1 cells, the first line has 2 columns"), "1@3: a=2 b=3",
                          HasSubstr("3@5: !3 cells"), "4@6: a=7 b=8"));
  EXPECT_THAT(rows_of("a\n\n1,2\n3\n", kCsv), ElementsAre("0@2: a=", HasSubstr("1@3: !2 cells"), "2@4: a=3"));
  EXPECT_THAT(rows_of("a\tb\n1\n2\t3\n", kTsv), ElementsAre(HasSubstr("0@2: !1 cells"), "1@3: a=2 b=3"));
}

// Otherwise a wrong guess would lose rows: an unclosed quote may include the next ones.
TEST(Rows, WhereARowEndsIsNeverGuessed) {
  EXPECT_THAT(row_error("a,b\n1,\"2\n3,4\n", kCsv), HasSubstr("f:2: a quote '\"' is not closed"));
  EXPECT_THAT(row_error("a,b\n\"1,2\n3,4\n5,\"\n6,7\n", kCsv), HasSubstr("f:2: 1 cells"));
  EXPECT_THAT(row_error("a,b\n1,\"2\"3\n", kCsv), HasSubstr("f:2: text follows the closing quote"));
  EXPECT_THAT(row_error("[{\"a\":1},{\"a\":},{\"a\":2}]", kJson), HasSubstr("f:1"));
}

TEST(Rows, JsonIsCutIntoItsElements) {
  EXPECT_THAT(rows_of("[\n {\"a\": \"x]\", \"b\": [1, {}]},\n\n {\"a\": \"\\\"{\"}\n]\n", kJson),
              ElementsAre("0@2: a=x] b=~[1,{}]", "1@4: a=\"{"));
  EXPECT_THAT(rows_of("{\"a\":1}\n{\"a\":2}{\"a\":3}", kJson), ElementsAre("0@1: a=~1", "1@2: a=~2", "2@2: a=~3"));
  EXPECT_THAT(rows_of("{\"version\": {\"data\": [1]}, \"data\": [{\"a\":1},{\"a\":2}], \"more\": 1}", kJson),
              ElementsAre("0@1: a=~1", "1@1: a=~2"));
  EXPECT_THAT(
      rows_of(R"({"data":[{"paragraphs":[{"qas":[{"question":"q"},{"question":"r"}],"context":"c"}]}]})", kJson),
      ElementsAre("0@1: question=q context=c", "1@1: question=r context=c"));
  EXPECT_THAT(rows_of("[]", kJson), ElementsAre());
}

TEST(Rows, BrokenJsonListsAreNamed) {
  EXPECT_THAT(row_error("[{\"a\":1} {\"a\":2}]", kJson), HasSubstr("f:1: two elements of the list have no comma"));
  EXPECT_THAT(row_error("[{\"a\":1},\n", kJson), HasSubstr("f:2: the list is not closed"));
  EXPECT_THAT(row_error("[{\"a\":1},]", kJson), HasSubstr("ends in a comma"));
  EXPECT_THAT(row_error("[{\"a\":1}] x", kJson), HasSubstr("text follows the list"));
  EXPECT_THAT(row_error("[1]", kJson), HasSubstr("f:1: 1 is not a JSON object"));
  EXPECT_THAT(row_error("[{\"a\":}]", kJson), HasSubstr("f:1"));
  EXPECT_THAT(row_error("]", kJson), HasSubstr("f:1"));
  EXPECT_THAT(row_error("{\"a\":\"x", kJson), HasSubstr("f:1"));
  EXPECT_THAT(row_error("{\"data\"", kJson), HasSubstr("f:1"));
}

// A column without a name, like pandas' index, is named by its position, so that it can be joined.
TEST(Rows, ColumnsWithoutANameAreNamedByTheirPlace) {
  EXPECT_THAT(rows_of(",text,\n7,a,x\n", kCsv), ElementsAre("0@2: column1=7 text=a column3=x"));
  EXPECT_THAT(rows_of(",column1\n7,a\n", kCsv), ElementsAre("0@2: column1_=7 column1=a"));
  EXPECT_EQ(parse_dataset("{\"\":1,\"text\":\"a\"}\n", "jsonl", "f").label_kind, LabelKind::kNone);
  EXPECT_THAT(rows_of("{\"\":1}\n{\"\":2,\"text\":\"a\"}\n", {.name = "jsonl"}),
              ElementsAre("0@1: =~1", "1@2: =~2 text=a"));
}

// More columns or bytes of a row than in any real table are rejected early.
TEST(Rows, ColumnsAndRowsHaveLimits) {
  std::string head = "text", keys = "{\"text\":\"a\"";
  for (int i = 0; i < 20'000; ++i) {
    head += fmt::format(",c{}", i);
    keys += fmt::format(",\"c{}\":1", i);
  }
  EXPECT_THAT(row_error(head + "\n", kCsv), HasSubstr("f:1: there are 20001 columns, more than 16384"));
  EXPECT_THAT(row_error(keys + "}\n", {.name = "jsonl"}),
              HasSubstr("f:1: with this row there are more than 16384 columns"));
  ColumnNames names;
  Arena arena;
  const std::string open = "a\n\"" + std::string(kMaxRowBytes + 10, 'x');
  const auto reader = read_rows(TextBuffer(bytes_of(open), "f"), kCsv, names);
  RawRow row;
  EXPECT_THROW(reader->next(arena, row), Error);
}

}  // namespace
}  // namespace linnet
