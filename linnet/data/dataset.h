// Rows of labelled or plain text from files.
//
//   Dataset train = read_dataset("reviews.csv", {.text_column = "review"});
//   train.examples[0].text, train.label_names[train.examples[0].label]
//
// `.txt` (a text per line), `.jsonl`, `.json` (a list of rows), `.csv`, `.tsv` (RFC 4180), each also as `.gz`; columns
// by the names and aliases of conventions 4.9. Every error is kBadInput and starts with file:line.
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

// What a label column holds.
enum class LabelKind : std::uint8_t {
  kNone,
  kClass,  // one class: Example::label
  kMulti,  // any number of classes: Example::labels
  kValue,  // a number to regress: Example::value
};

struct Dataset {
  std::string file;  // as given: the start of error messages
  DataShape shape = DataShape::kText;
  LabelKind label_kind = LabelKind::kNone;
  bool has_pairs = false;
  std::vector<std::string> label_names;  // ids in this order
  std::string label_meaning;             // what the labels were taken for, in words
  Examples examples;
  std::int64_t blank_rows = 0;                // empty lines that are not examples: no row of JSON, no cells
  std::vector<std::string> columns;           // of all rows, in the input's order: what a joined output begins with
  std::map<std::size_t, std::string> faults;  // of examples without a text, where they are kept: why, without a place
  std::vector<std::string> unused_columns;    // those that no field of an example shows
  std::string format;    // what the input was read as: txt, jsonl, json, csv, tsv; "" for other texts
  char delimiter = ',';  // between its cells

  std::string place(std::size_t index) const;  // "file:line" of an example, for errors
};

// Lines of a .txt, and rows of one column, that have no text.
enum class EmptyLines : std::uint8_t {
  kRows,     // each is an example, so that answers can be joined to the input by their places
  kDropped,  // for training: nothing can be learned from them
};

enum class Labels : std::uint8_t { kOptional, kRequired, kIgnored };

// Labels that are numbers, where the known classes have names.
enum class LabelNumbers : std::uint8_t {
  kMayBeIds,  // ids, if every label of the file is one and no name looks like a number
  kNames,     // labels like others
};

// Numbers that may be classes, or values or no label at all: 0.0 and 5.0, -1 beside 0.
enum class DoubtfulLabels : std::uint8_t {
  kRefused,     // for training: it would learn another task
  kAreClasses,  // for answers: the model says what they are
};

// Rows that cannot be read (a broken line of JSON, too few or too many cells), or whose text is missing, null or no
// text.
enum class FaultyRows : std::uint8_t {
  kRefused,
  kKept,  // for answers: each is named in Dataset::faults, the others are answered
};

struct ReadOptions {
  std::string format = {};            // txt, jsonl, json, csv, tsv; empty: by the file's name, else by its content
  char delimiter = '\0';              // between the cells of a CSV; 0: ',', or what the first rows show
  bool header = true;                 // off: the first row is one like the others, columns are column1, column2, …
  std::string text_column = {};       // empty: "text", else the usual aliases
  std::string text_pair_column = {};  // empty: "text_pair", else the usual aliases
  std::string label_column = {};      // empty: "label", else the usual aliases
  DataShape shape = DataShape::kAuto;
  bool one_text = false;  // a text (and its pair, and label) is wanted, whatever else the columns could be
  Labels labels = Labels::kOptional;
  EmptyLines empty_lines = EmptyLines::kRows;
  // Known classes, in the order of their ids (from a training set or a checkpoint). A label outside is an error.
  // Empty: the names found, sorted (integers by value, so that labels 0 … n-1 are their own ids).
  std::vector<std::string> label_names = {};
  LabelNumbers label_numbers = LabelNumbers::kMayBeIds;
  FaultyRows faulty_rows = FaultyRows::kRefused;
  DoubtfulLabels doubtful_labels = DoubtfulLabels::kRefused;
  LabelKind label_kind = LabelKind::kNone;  // kNone: from the values (list: multi, fraction: value, else class)
  std::int64_t limit = -1;                  // rows read at most; -1: all
};

// One file, or a pipe; `-` is standard input. What a pipe holds is told by how it begins. It is read row by row: beside
// the cells, each of which is stored once, nothing of it is held.
Dataset read_dataset(const std::filesystem::path& file, const ReadOptions& options = {});
// The same from memory; `format` is "txt", "jsonl", "json", "csv" or "tsv", `place` names it in errors.
Dataset parse_dataset(std::string_view text, std::string_view format, std::string place,
                      const ReadOptions& options = {});

// Texts that come from no file; `place` names them in errors.
Dataset dataset_of(const std::vector<std::string>& texts, std::string place);

// Rows as they arrive, each a dataset of one example: for standard input that is answered line by line.
//
//   RowStream rows("-", options);
//   while (std::optional<Dataset> row = rows.next()) answer(row->examples[0]);
//
// Labels are read where options.label_names has them all; from one row no classes can be told. An empty line of plain
// texts is given once a text follows it.
class RowStream {
 public:
  RowStream(const std::filesystem::path& file, const ReadOptions& options);
  ~RowStream();
  RowStream(RowStream&&) noexcept;
  RowStream& operator=(RowStream&&) noexcept;

  std::optional<Dataset> next();  // waits for a row; nothing at the end

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct DatasetSplits {
  Dataset train;
  std::optional<Dataset> valid, test;
};

// A file (all of it is `train`) or a folder with train, valid and test files (also validation, dev, val). The classes
// of `train` hold for the others.
DatasetSplits read_splits(const std::filesystem::path& file_or_folder, const ReadOptions& options = {});

// Moves a seeded, class-balanced fraction of `data` into the returned set; the order of what stays is kept.
Dataset split_off(Dataset& data, double fraction, std::uint64_t seed);

}  // namespace linnet
