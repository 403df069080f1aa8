// Texts to work on, as every verb takes them: positional strings, --input FILE, or standard input.
//
//   TextOptions options;
//   add_text_options(command, options);
//   command.parse(arguments);
//   Dataset texts = read_texts(command, options);   // texts.examples[i].text, .label where the file has labels
#pragma once

#include <string>
#include <vector>

#include "command.h"
#include "linnet/data/dataset.h"

namespace linnet::app {

// How a file of rows is read and which of its columns mean what.
struct RowOptions {
  std::string format, delimiter;
  bool no_header = false;
  std::string text_column, pair_column, label_column;  // empty: the usual names
};

void add_format_options(Command& command, RowOptions& options);  // what the file is
void add_row_options(Command& command, RowOptions& options);     // … and its columns
// The part of `read` that these options decide; a wrong one is wrong usage.
ReadOptions read_options(const Command& command, const RowOptions& options, ReadOptions read = {});

struct TextOptions {
  std::vector<std::string> texts;  // positional
  std::string input;               // a file, "-" for standard input
  RowOptions rows;
};

void add_text_options(Command& command, TextOptions& options);

// Positional texts, else the file, else standard input where it is no terminal. None at all: wrong usage. `read` holds
// what the verb knows of the columns; their names come from the options.
Dataset read_texts(const Command& command, const TextOptions& options, ReadOptions read = {});

// The same, row by row as they arrive (--stream).
RowStream stream_texts(const Command& command, const TextOptions& options, ReadOptions read = {});

// What a dataset of texts from the command line has for its file.
inline constexpr const char kCommandLine[] = "command line";
// "file:line" of a text, "" where it is from the command line.
std::string row_place(const Dataset& data, std::size_t index);

}  // namespace linnet::app
