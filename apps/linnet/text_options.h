// Input texts of the verbs: positional strings, --input FILE, or standard input.
//
//   TextOptions options;
//   add_text_options(command, options);
//   command.parse(arguments);
//   Dataset texts = read_texts(command, options);   // texts.examples[i].text, .label if the file has labels
#pragma once

#include <string>
#include <vector>

#include "command.h"
#include "linnet/data/dataset.h"

namespace linnet::app {

// Format of a file of rows, and its columns.
struct RowOptions {
  std::string format, delimiter;
  bool no_header = false;
  std::string text_column, pair_column, label_column;  // empty: the usual names
};

void add_format_options(Command& command, RowOptions& options);  // the format of the file
void add_row_options(Command& command, RowOptions& options);     // … and its columns
// The part of `read` from these options; wrong usage for an invalid one.
ReadOptions read_options(const Command& command, const RowOptions& options, ReadOptions read = {});

struct TextOptions {
  std::vector<std::string> texts;  // positional
  std::string input;               // a file, "-" for standard input
  RowOptions rows;
};

void add_text_options(Command& command, TextOptions& options);

// Positional texts, else the file, else standard input if it is not a terminal; otherwise wrong usage. `read` has
// settings of the verb; the names of columns are from the options.
Dataset read_texts(const Command& command, const TextOptions& options, ReadOptions read = {});

// The same as a stream of rows (--stream).
RowStream stream_texts(const Command& command, const TextOptions& options, ReadOptions read = {});

// The file name of a dataset from the command line.
inline constexpr const char kCommandLine[] = "command line";
// "file:line" of a text, "" if it is from the command line.
std::string row_place(const Dataset& data, std::size_t index);

}  // namespace linnet::app
