#include "linnet/data/format.h"

#include <algorithm>
#include <array>

#include "linnet/base/error.h"
#include "linnet/base/log.h"
#include "linnet/data/cell_rows.h"
#include "linnet/data/columns.h"

namespace linnet {
namespace {

constexpr std::size_t kEnough = 1 << 16;  // bytes to wait for, to detect the format of a pipe

struct Foreign {
  std::string_view begin, what, advice;
};
constexpr std::string_view kUnpack = "unpack it first";
constexpr std::array<Foreign, 9> kForeign{{
    {"PAR1", "a Parquet file",
     "convert it, as with python3 -c \"import pandas; pandas.read_parquet('F.parquet').to_json('F.jsonl', "
     "orient='records', lines=True)\""},
    {"ARROW1", "an Arrow file", "write it as JSON lines or CSV"},
    {"PK\x03\x04", "a zip archive or a spreadsheet", "unpack it, or save the sheet as CSV"},
    {"\xFF\xFE", "UTF-16 text", "convert it, as with iconv -f UTF-16 -t UTF-8"},
    {"\xFE\xFF", "UTF-16 text", "convert it, as with iconv -f UTF-16 -t UTF-8"},
    {"\x28\xB5\x2F\xFD", "packed with zstd", kUnpack},
    {"\xFD"
     "7zXZ",
     "packed with xz", kUnpack},
    {"BZh", "packed with bzip2", kUnpack},
    {"SQLite format 3", "an SQLite database", "export the table as CSV"},
}};

void refuse_foreign(const TextBuffer& text) {
  for (const Foreign& kind : kForeign)
    check(!text.view().starts_with(kind.begin), ErrorKind::kBadInput, "{}: is {}, which is not read; {}", text.place(),
          kind.what, kind.advice);
}

// The complete rows at the beginning of a text, split at a delimiter.
std::vector<std::vector<std::string>> first_rows(const TextBuffer& text, char delimiter) {
  constexpr std::size_t kRows = 10;
  std::vector<std::vector<std::string>> rows;
  std::string_view rest = text.view();
  for (std::vector<std::string> cells; rows.size() < kRows && !rest.empty();) {
    const CutRow cut = cut_row(rest, delimiter, text.ended(), rows.empty() ? 0 : rows[0].size(), cells);
    if (cut.state != CutRow::State::kRow) break;
    if (!blank(rest.substr(0, cut.used))) rows.push_back(cells);
    rest.remove_prefix(cut.used);
  }
  return rows;
}

bool same_width(const std::vector<std::vector<std::string>>& rows) {
  return std::all_of(rows.begin(), rows.end(), [&](const auto& row) { return row.size() == rows[0].size(); });
}

// True for a possible column name: a few words, not a sentence.
bool like_a_name(std::string_view cell) {
  cell = trimmed(cell);
  return !cell.empty() && cell.size() <= 64 && cell.find_first_of(".!?\n") == cell.npos;
}

Printable shown_delimiter(char delimiter) {
  return delimiter == '\t' ? Printable("tabs") : format_printable("'{}'", std::string(1, delimiter));
}

// Detects a delimiter other than ',' in a .csv file if the first rows are unambiguous. Waits for the row after a
// header.
char guess_delimiter(TextBuffer& text, bool header) {
  for (;;) {
    const auto rows = first_rows(text, ',');
    if (rows.empty() || rows[0].size() > 1) return ',';
    if (rows.size() > 1 || !header || text.view().size() >= kEnough || !text.more()) break;
  }
  for (const char delimiter : {';', '\t', '|'}) {
    const auto rows = first_rows(text, delimiter);
    if (rows.size() < 2 || rows[0].size() < 2 || !same_width(rows)) continue;
    note("{}: the cells are separated by {}; {} overrides this", text.place(), shown_delimiter(delimiter),
         option("delimiter"));
    return delimiter;
  }
  return ',';
}

enum class Head : std::uint8_t {
  kText,     // not column names
  kKnown,    // has a known name of the text or label column
  kUnknown,  // possible column names
  kBroken,   // like kKnown, but the rows after it do not match
};

Head look_at(const std::vector<std::string>& head, const ReadOptions& options) {
  if (!std::all_of(head.begin(), head.end(), like_a_name)) return Head::kText;
  const bool known = std::any_of(head.begin(), head.end(), [&](const std::string& cell) {
    const std::string_view name = trimmed(cell);
    return name == options.text_column || (head.size() == 1 ? name == "text" : known_column(name));
  });
  if (known) return Head::kKnown;
  const bool blanks = std::any_of(head.begin(), head.end(),
                                  [](const std::string& cell) { return cell.find(' ') != std::string::npos; });
  return head.size() > 1 && !blanks ? Head::kUnknown : Head::kText;
}

// True for several names without spaces, so not a text with a delimiter in it.
bool only_names(const std::vector<std::string>& head) {
  return head.size() > 1 && std::all_of(head.begin(), head.end(), [](const std::string& cell) {
           return trimmed(cell).find_first_of(" \t") == std::string_view::npos;
         });
}

bool lines_follow(const TextBuffer& text) {
  const std::string_view all = trimmed(text.view());
  return all.find_first_of("\r\n") != all.npos;
}

// Classifies the first row of a pipe; the following rows must have as many cells. Waits for them.
Head find_head(TextBuffer& text, char delimiter, const ReadOptions& options) {
  for (;;) {
    const auto rows = first_rows(text, delimiter);
    const Head head = rows.empty() ? Head::kText : look_at(rows[0], options);
    const std::size_t needed = head == Head::kKnown ? 2 : 3;
    if (head == Head::kText) return head;
    const bool fits = same_width(rows);
    if (fits && rows.size() >= needed) return head;
    if (fits && text.view().size() <= kMaxRowBytes && text.more()) continue;
    return head == Head::kKnown && only_names(rows[0]) && lines_follow(text) ? Head::kBroken : Head::kText;
  }
}

Printable listed(const std::vector<std::string>& names) {
  Printable all;
  for (const std::string& name : names) {
    if (!all.text().empty()) all += ", ";
    all += printable(trimmed(name), 40);
  }
  return all;
}

DataFormat by_content(TextBuffer& text, const ReadOptions& options) {
  // Empty lines and a single bracket are ambiguous: waits for more.
  for (std::string_view seen = trimmed(text.view());
       (seen.empty() || seen == "[") && text.view().size() < kEnough && text.more();)
    seen = trimmed(text.view());
  const std::string_view begin = trimmed(text.view());
  if (begin.starts_with('{')) {
    const std::string_view line = trimmed(begin.substr(0, begin.find_first_of("\r\n")));
    return {.name = Json::accept(line) ? "jsonl" : "json"};
  }
  if (begin.starts_with('[') && trimmed(begin.substr(1)).starts_with('{')) {
    note("{}: read as a JSON list of rows; {} overrides this", text.place(), option("format"));
    return {.name = "json"};
  }
  if (options.delimiter != '\0' || !options.header) return format_named("csv", text.place(), options);
  for (const char delimiter : {',', '\t', ';', '|'}) {
    const Head head = find_head(text, delimiter, options);
    if (head == Head::kText) continue;
    const std::vector<std::string> names = first_rows(text, delimiter)[0];
    check(head != Head::kBroken, ErrorKind::kBadInput,
          "{}: begins with the names of columns ({}), and the next rows do not have as many cells; give {} csv to see "
          "where, or {} txt if each line is a text",
          text.place(), listed(names), option("format"), option("format"));
    check(head == Head::kKnown, ErrorKind::kBadInput,
          "{}: looks like CSV with the columns {}, none of which is known as the text; name it with {}, or give {} txt "
          "if each line is a text",
          text.place(), listed(names), option("text_column"), option("format"));
    note("{}: read as {} with the columns {}; {} txt takes each line as a text", text.place(),
         delimiter == '\t' ? "TSV" : "CSV", listed(names), option("format"));
    return {.name = delimiter == '\t' ? "tsv" : "csv", .delimiter = delimiter};
  }
  return {.name = "txt"};
}

}  // namespace

DataFormat format_named(std::string_view name, std::string_view place, const ReadOptions& options) {
  DataFormat format{.name = std::string(name == "ndjson" ? "jsonl" : name), .header = options.header};
  if (format.name == "tsv") format.delimiter = '\t';
  const bool cells = format.name == "csv" || format.name == "tsv";
  check(cells || format.name == "txt" || format.name == "jsonl" || format.name == "json", ErrorKind::kBadInput,
        "{}: files that end in '.{}' cannot be read as data; use .jsonl, .json, .csv, .tsv or .txt, or name what it "
        "holds with {}",
        place, printable(name, 20), option("format"));
  check(cells || (options.delimiter == '\0' && options.header), ErrorKind::kInvalidArgument,
        "{}: {} and {} are for cells, and this is read as {}; leave them out, or give {} csv", place,
        option("delimiter"), option("header"), format.name, option("format"));
  if (options.delimiter != '\0') format.delimiter = options.delimiter;
  return format;
}

DataFormat find_format(const std::filesystem::path& file, TextBuffer& text, const ReadOptions& options) {
  // Waits for a complete first line if it is short: a pipe may return less at first.
  while (text.view().size() < kEnough && text.view().find_first_of("\r\n") == std::string_view::npos && text.more()) {
  }
  refuse_foreign(text);
  const std::string ending = file == "-" ? "" : data_format(file);
  if (options.format.empty() && ending.empty()) return by_content(text, options);
  DataFormat format = format_named(options.format.empty() ? ending : options.format, text.place(), options);
  if (format.name == "csv" && options.delimiter == '\0') format.delimiter = guess_delimiter(text, format.header);
  return format;
}

}  // namespace linnet
