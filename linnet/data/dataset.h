// Rows of labelled or plain text from files.
//
//   Dataset train = read_dataset("reviews.csv", {.text_column = "review"});
//   train.examples[0].text, train.label_names[train.examples[0].label]
//
// `.txt` (a text per line), `.jsonl`, `.json` (a list of rows), `.csv`, `.tsv` (RFC 4180), each also as `.gz`; columns
// are found by their usual names and aliases (columns.cpp). Every error is kBadInput and starts with file:line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/data/example.h"
#include "linnet/data/row_store.h"

namespace linnet {

// The kind of a label column.
enum class LabelKind : std::uint8_t {
  kNone,
  kClass,  // one class: Example::label
  kMulti,  // any number of classes: Example::labels
  kValue,  // a number to regress: Example::value
};

struct Dataset {
  std::string file;  // name of the file in error messages
  DataShape shape = DataShape::kText;
  LabelKind label_kind = LabelKind::kNone;
  bool has_pairs = false;
  std::vector<std::string> label_names;  // ordered by id
  std::string label_meaning;             // the interpretation of the labels, in words
  Examples examples;
  std::int64_t blank_rows = 0;                // empty lines that are not examples: neither a JSON row nor cells
  std::vector<std::string> columns;           // of all rows, in the input's order: the first columns of a joined output
  std::map<std::size_t, std::string> faults;  // of examples without a text, if kept: the reason, without a place
  std::vector<std::string> unused_columns;    // not in any field of an example
  std::string format;                         // the format of the input: txt, jsonl, json, csv, tsv; "" for other texts
  char delimiter = ',';                       // of its cells

  std::string place(std::size_t index) const;  // "file:line" of an example, for errors
};

// Lines of a .txt, and rows of one column, without text.
enum class EmptyLines : std::uint8_t {
  kRows,     // are examples, so that answers can be joined to the input by position
  kDropped,  // for training: there is nothing to learn
};

enum class Labels : std::uint8_t { kOptional, kRequired, kIgnored };

// Numeric labels if the known classes have names.
enum class LabelNumbers : std::uint8_t {
  kMayBeIds,  // ids, if every label of the file is one and no name looks like a number
  kNames,     // labels like any other
};

// Numbers that may be classes, values or no label: 0.0 and 5.0; -1 together with 0.
enum class DoubtfulLabels : std::uint8_t {
  kRefused,     // for training: another task would be learned
  kAreClasses,  // for answers: the model decides
};

// Unreadable rows (invalid JSON, too few or too many cells), or rows whose text is missing, null or not a text.
enum class FaultyRows : std::uint8_t {
  kRefused,
  kKept,  // for answers: each is listed in Dataset::faults, the others are answered
};

struct ReadOptions {
  std::string format = {};            // txt, jsonl, json, csv, tsv; empty: by the file's name, else by its content
  char delimiter = '\0';              // of a CSV; 0: ',' or detected from the first rows
  bool header = true;                 // false: the first row is data, columns are column1, column2, …
  std::string text_column = {};       // empty: "text", else the usual aliases
  std::string text_pair_column = {};  // empty: "text_pair", else the usual aliases
  std::string label_column = {};      // empty: "label", else the usual aliases
  DataShape shape = DataShape::kAuto;
  bool one_text = false;  // a text (and its pair, and label) is required, whatever other shape the columns have
  Labels labels = Labels::kOptional;
  EmptyLines empty_lines = EmptyLines::kRows;
  // Known classes, ordered by id (from a training set or a checkpoint). Another label is an error. Empty: the names in
  // the file, sorted (integers by value, so that labels 0 … n-1 are their ids).
  std::vector<std::string> label_names = {};
  LabelNumbers label_numbers = LabelNumbers::kMayBeIds;
  FaultyRows faulty_rows = FaultyRows::kRefused;
  DoubtfulLabels doubtful_labels = DoubtfulLabels::kRefused;
  LabelKind label_kind = LabelKind::kNone;  // kNone: from the values (list: multi, fraction: value, else class)
  std::int64_t limit = -1;                  // maximum number of rows; -1: all
};

// Reads a file or a pipe; `-` is standard input. The format of a pipe is detected from its beginning. It is read row by
// row; memory holds only the cells, each once.
Dataset read_dataset(const std::filesystem::path& file, const ReadOptions& options = {});
// The same from memory; `format` is "txt", "jsonl", "json", "csv" or "tsv", `place` names it in errors.
Dataset parse_dataset(std::string_view text, std::string_view format, std::string place,
                      const ReadOptions& options = {});

// Texts that are not from a file; `place` names them in errors.
Dataset dataset_of(const std::vector<std::string>& texts, std::string place);

// Streams rows, each a dataset of one example: for standard input that is answered line by line.
//
//   RowStream rows("-", options);
//   while (std::optional<Dataset> row = rows.next()) answer(row->examples[0]);
//
// Labels need options.label_names, since one row does not show all classes. An empty line of plain texts is returned
// when a text follows it.
class RowStream {
 public:
  RowStream(const std::filesystem::path& file, const ReadOptions& options);
  ~RowStream();
  RowStream(RowStream&&) noexcept;
  RowStream& operator=(RowStream&&) noexcept;

  std::optional<Dataset> next();  // waits for a row; empty at the end

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct DatasetSplits {
  Dataset train;
  std::optional<Dataset> valid, test;
};

// A file (all of it is `train`) or a folder with train, valid and test files (also validation, dev, val). The others
// have the classes of `train`.
DatasetSplits read_splits(const std::filesystem::path& file_or_folder, const ReadOptions& options = {});

// Moves a seeded, class-balanced fraction of `data` to the returned set; the rest keeps its order.
Dataset split_off(Dataset& data, double fraction, std::uint64_t seed);

}  // namespace linnet
