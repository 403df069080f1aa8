// Texts to work on, as every verb takes them: positional strings, --input FILE, or standard input.
//
//   TextOptions options;
//   add_text_options(command, options, "texts to classify");
//   command.parse(arguments);
//   Dataset texts = read_texts(command, options);   // texts.examples[i].text, .label where the file has labels
#pragma once

#include <string>
#include <vector>

#include "command.h"
#include "linnet/data/dataset.h"

namespace linnet::app {

struct TextOptions {
  std::vector<std::string> texts;         // positional
  std::string input;                      // a file, "-" for standard input
  std::string text_column, label_column;  // empty: the usual names
};

void add_text_options(Command& command, TextOptions& options, const std::string& what);

// Positional texts, else the file, else standard input where it is no terminal. None at all: wrong usage. `read` holds
// what the verb knows of the columns; their names come from the options.
Dataset read_texts(const Command& command, const TextOptions& options, ReadOptions read = {});

// "file:line" of a text, "" where it stood on the command line.
std::string row_place(const Dataset& data, std::size_t index);

}  // namespace linnet::app
