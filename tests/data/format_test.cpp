#include "linnet/data/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "linnet/base/error.h"

namespace linnet {
namespace {

using testing::HasSubstr;

// "csv" with the delimiter, or the error.
std::string format_of(const std::string& text, const char* file = "-", const ReadOptions& options = {}) {
  TextBuffer buffer(bytes_of(text), "f");
  try {
    const DataFormat format = find_format(file, buffer, options);
    EXPECT_EQ(buffer.view(), text);  // nothing is consumed
    return format.name + (format.name == "csv" || format.name == "tsv" ? std::string(1, format.delimiter) : "");
  } catch (const Error& error) {
    return error.what();
  }
}

// The format of a pipe with cells or JSON is detected.
TEST(Format, APipesContentTells) {
  EXPECT_EQ(format_of("title,text\n\"a, b\",c\n"), "csv,");
  EXPECT_EQ(format_of("text, label\nfine,1\n"), "csv,");
  EXPECT_EQ(format_of("id\tsentence\n1\ta\n"), "tsv\t");
  EXPECT_EQ(format_of("id;text\n1;a\n"), "csv;");
  EXPECT_EQ(format_of("text\nfine\n"), "csv,");
  EXPECT_EQ(format_of("title,body\na,b\n", "-", {.text_column = "body"}), "csv,");
  EXPECT_THAT(format_of("title,body\na,b\nc,d\n"), HasSubstr("f: looks like CSV with the columns title, body"));
  EXPECT_EQ(format_of("{\"text\":\"a\"}\n"), "jsonl");
  EXPECT_EQ(format_of("{\"text\":\n\"a\"}\n"), "json");
  EXPECT_EQ(format_of(" [\n{\"text\":\"a\"}]\n"), "json");
  EXPECT_EQ(format_of("1,good\n2,bad\n", "-", {.header = false}), "csv,");
  EXPECT_EQ(format_of("a|b\n", "-", {.delimiter = '|'}), "csv|");
}

// Rows that do not match their header are not silently texts; quotes of a TSV need not match.
TEST(Format, ABrokenTableIsNoText) {
  for (const char* rows : {"\"not closed,1\nb,0\n", "\"said \"hi\" there\",1\nb,0\n", "really, really,1\nb,0\n"})
    EXPECT_THAT(format_of(std::string("text,label\n") + rows),
                HasSubstr("begins with the names of columns (text, label)"))
        << rows;
  EXPECT_EQ(format_of("sentence\tlabel\n\"fine\" they said\t1\nb\t0\n"), "tsv\t");
  EXPECT_THAT(format_of("sentence\tlabel\n\"not closed\t1\nb\t0\n"), HasSubstr("(sentence, label)"));
  EXPECT_EQ(format_of("text,label\n"), "txt");
  EXPECT_EQ(format_of("text, a kind of\nb\n"), "txt");
}

// Returns one line at a time, as a pipe may.
class Lines : public ByteSource {
 public:
  explicit Lines(std::string text) : text_(std::move(text)) {}
  std::size_t read(char* to, std::size_t most) override {
    const auto end = std::min(text_.find('\n'), text_.size() - 1) + 1;
    const std::size_t n = text_.empty() ? 0 : std::min(most, end);
    text_.copy(to, n);
    text_.erase(0, n);
    return n;
  }

 private:
  std::string text_;
};

// The detected format does not depend on how much of a pipe is available at first.
TEST(Format, WhatAPipeHoldsIsToldLineByLineToo) {
  const auto format = [](const std::string& text, const ReadOptions& options = {}) {
    TextBuffer buffer(std::make_unique<Lines>(text), "f");
    const DataFormat found = find_format("-", buffer, options);
    return found.name + std::string(1, found.delimiter);
  };
  EXPECT_EQ(format("[\n{\"text\":\"a\"}\n]\n"), "json,");
  EXPECT_EQ(format("[\n\n {\n\"text\":\"a\"}\n]\n"), "json,");
  EXPECT_EQ(format("\n\n{\"text\":\"a\"}\n"), "jsonl,");
  EXPECT_EQ(format("\ntext;label\na;1\n"), "csv;");
  EXPECT_EQ(format("text;label\na;1\n", {.format = "csv"}), "csv;");
  EXPECT_EQ(format("[\n"), "txt,");
  EXPECT_EQ(format("\na text.\n"), "txt,");
}

TEST(Format, TextsStayTexts) {
  for (const char* text : {"I like it, really\nI hate it, truly\n", "[MASK] is a city.\n", "one\ntwo\n", "",
                           "Hello, world\n", "yes, no\nno, yes\nyes, yes\n", "A text. Another, too.\nb, c\nd, e\n"})
    EXPECT_EQ(format_of(text), "txt") << text;
}

TEST(Format, NamesAndOptionsGoBeforeContent) {
  EXPECT_EQ(format_of("text,label\na,b\n", "f.txt"), "txt");
  EXPECT_EQ(format_of("text,label\na,b\n", "-", {.format = "txt"}), "txt");
  EXPECT_EQ(format_of("text,label\na,b\n", "f.txt", {.format = "csv"}), "csv,");
  EXPECT_EQ(format_of("text;label\na;b\n", "f.csv"), "csv;");
  EXPECT_EQ(format_of("text;label\na;b\n", "f.csv", {.delimiter = ','}), "csv,");
  EXPECT_EQ(format_of("a;b,c\n1;2,3\n", "f.csv"), "csv,");
  EXPECT_EQ(format_of("text;no\n", "f.csv"), "csv,");  // no evidence that ';' is a delimiter
  EXPECT_THAT(format_of("x", "f.pdf"), HasSubstr("f: files that end in '.pdf' cannot be read as data"));
  EXPECT_THAT(format_of("x", "f.txt", {.delimiter = ';'}), HasSubstr("delimiter and header are for cells"));
}

TEST(Format, WhatCannotBeReadIsNamed) {
  EXPECT_THAT(format_of("PAR1\x15", "f.parquet"), HasSubstr("is a Parquet file, which is not read; convert it"));
  EXPECT_THAT(format_of("PAR1\x15"), HasSubstr("is a Parquet file"));
  EXPECT_THAT(format_of("PK\x03\x04zz", "f.xlsx"), HasSubstr("a spreadsheet"));
  EXPECT_THAT(format_of("\xFF\xFEt\x01", "f.csv"), HasSubstr("UTF-16 text"));
}

}  // namespace
}  // namespace linnet
