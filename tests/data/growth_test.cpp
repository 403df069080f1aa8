// Data files cost time in proportion to their size, and memory of at most twice it.
#include "tests/growth.h"

#include <gtest/gtest.h>

#include "linnet/base/error.h"
#include "linnet/data/dataset.h"
#include "linnet/data/report.h"

namespace linnet {
namespace {

std::string sentence(std::size_t i) {
  return fmt::format("row {} has a text of some length, as reviews do, and \\u00e9 in it", i);
}

std::string repeated(const std::string& head, std::size_t n, const auto& row, const std::string& tail = "") {
  std::string all = head;
  for (std::size_t i = 0; i < n; ++i) all += row(i);
  return all + tail;
}

void read(const std::string& text, const char* format) { parse_dataset(text, format, "f"); }

TEST(DataGrowth, RowsOfCells) {
  const auto make = [](std::size_t n) {
    return repeated("text,label,id\n", n,
                    [](std::size_t i) { return fmt::format("\"{}, \"\"{}\"\"\",c{},{}\n", sentence(i), i, i % 7, i); });
  };
  test::expect_linear(16'000, make, [](const std::string& text) { read(text, "csv"); });
}

TEST(DataGrowth, RowsOfTabsWithoutQuoting) {
  const auto make = [](std::size_t n) {
    return repeated("text\tlabel\n", n, [](std::size_t i) { return fmt::format("\"{}\tc{}\n", sentence(i), i % 7); });
  };
  test::expect_linear(16'000, make, [](const std::string& text) { read(text, "tsv"); });
}

TEST(DataGrowth, JsonRows) {
  const auto row = [](std::size_t i) {
    return fmt::format(R"({{"text":"{}","label":{},"more":[1,2,3]}})", sentence(i), i % 7);
  };
  const auto lines = [&](std::size_t n) { return repeated("", n, [&](std::size_t i) { return row(i) + "\n"; }); };
  const auto list = [&](std::size_t n) {
    return repeated(
        "[{\"text\":\"a\"}", n, [&](std::size_t i) { return ",\n" + row(i); }, "]");
  };
  test::expect_linear(8'000, lines, [](const std::string& text) { read(text, "jsonl"); });
  test::expect_linear(8'000, list, [](const std::string& text) { read(text, "json"); });
}

TEST(DataGrowth, Chats) {
  const auto make = [](std::size_t n) {
    return repeated("", n, [](std::size_t i) {
      return fmt::format(R"({{"messages":[{{"role":"user","content":"{0}"}},{{"role":"assistant","content":"{0}"}}]}})",
                         sentence(i)) +
             "\n";
    });
  };
  test::expect_linear(5'000, make, [](const std::string& text) { read(text, "jsonl"); });
}

// One huge cell, one row of many columns, many labels: unusual sizes that an attacker could use.
TEST(DataGrowth, LargeCellsAndManyColumnsAndLabels) {
  test::expect_linear(
      1 << 20, [](std::size_t n) { return "text\n\"" + std::string(n, 'x') + "\"\n"; },
      [](const std::string& text) { read(text, "csv"); });
  const auto columns = [](std::size_t n) {
    return repeated("text", n, [](std::size_t i) { return fmt::format(",c{}", i); }) +
           repeated("", 40, [&](std::size_t) { return repeated("\nx", n, [](std::size_t) { return ",1"; }); });
  };
  test::expect_linear(1'500, columns, [](const std::string& text) { read(text, "csv"); });
  const auto labels = [](std::size_t n) {
    return repeated("text,label\n", n, [](std::size_t i) { return fmt::format("\"{}\",label {}\n", sentence(i), i); });
  };
  test::expect_linear(4'000, labels, [](const std::string& text) { read(text, "csv"); });
}

// Rows of about that number of bytes with their end, of two classes; a .txt has no labels.
std::string short_rows(const std::string& format, std::size_t bytes, std::size_t n) {
  const bool cells = format == "csv" || format == "tsv";
  const std::string tab = format == "tsv" ? "\t" : ",", head = cells ? "text" + tab + "label\n" : "";
  const auto row = [&](std::string_view text, std::size_t i) {
    if (format == "txt") return fmt::format("{}\n", text);
    if (cells) return fmt::format("{}{}{}\n", text, tab, i % 2);
    return fmt::format("{{\"text\":\"{}\",\"label\":{}}}\n", text, i % 2);
  };
  const std::size_t around = row("", 0).size(), size = bytes > around + 8 ? bytes - around : 8;
  return repeated(head, n, [&](std::size_t i) { return row(fmt::format("{:.<{}}", i, size), i); });
}

// All that is stored of a file before its rows become tokens.
void read_and_report(const std::string& text, const std::string& format) {
  Dataset data = parse_dataset(text, format, "f");
  describe(data);
  split_off(data, 0.1, 1);
}

constexpr const char* kFormats[] = {"csv", "tsv", "jsonl", "txt"};

TEST(DataGrowth, ShortRows) {
  for (const char* format : kFormats)
    for (const std::size_t bytes : {22, 55, 100}) {
      SCOPED_TRACE(fmt::format("{}, {} bytes", format, bytes));
      test::expect_linear(
          6'000, [&](std::size_t n) { return short_rows(format, bytes, n); },
          [&](const std::string& text) { read_and_report(text, format); });
    }
}

// Rows so short that 64 MiB hide their cost are measured separately.
TEST(DataGrowth, ARowCostsLittleBesideItsText) {
  constexpr std::size_t kRows = 100'000, kMostBesideText = 36;
  for (const char* format : kFormats) {
    const std::string text = short_rows(format, 40, kRows);
    const auto cost = test::cost_of([&] { read_and_report(text, format); });
    if (!test::kSanitized) {
      EXPECT_LE(cost.mebibytes, 2 + static_cast<double>(text.size() + kRows * kMostBesideText) / (1 << 20)) << format;
    }
  }
}

TEST(DataGrowthSlow, ShortRowsOf200MiB) {
  for (const char* format : kFormats)
    for (const std::size_t bytes : {22, 55, 100}) {
      const std::string text = short_rows(format, bytes, (std::size_t{200} << 20) / bytes);
      const auto cost = test::cost_of([&] { read_and_report(text, format); });
      EXPECT_STREQ(cost.fault.data(), "");
      EXPECT_LE(cost.mebibytes, 64 + 2.0 * static_cast<double>(text.size()) / (1 << 20)) << format << ", " << bytes;
    }
}

}  // namespace
}  // namespace linnet
