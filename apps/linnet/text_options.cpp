#include "text_options.h"

#include <unistd.h>

#include <cctype>

#include "linnet/base/error.h"

namespace linnet::app {

namespace {

// One byte between cells; "tab" is accepted.
char delimiter_of(const Command& command, const std::string& text) {
  if (text.empty()) return '\0';
  if (text == "tab" || text == "\\t") return '\t';
  const auto c = static_cast<unsigned char>(text[0]);
  if (text.size() > 1 || c >= 0x80 || c == '"' || c == '\n' || c == '\r' || std::isalnum(c) != 0)
    command.wrong_usage(
        format_printable("--delimiter takes one character, as ';' or tab, not '{}'", printable(text, 40)));
  return text[0];
}

std::string file_of(const Command& command, const TextOptions& options) {
  if (options.input.empty() && isatty(STDIN_FILENO) == 1) command.wrong_usage("no text: give one, or --input FILE");
  return options.input.empty() ? "-" : options.input;
}

}  // namespace

std::string row_place(const Dataset& data, std::size_t index) {
  return data.file == kCommandLine ? "" : data.place(index);
}

void add_format_options(Command& command, RowOptions& options) {
  command.choice("--input-format", options.format, {"csv", "tsv", "jsonl", "ndjson", "json", "txt"});
  command.option("--delimiter", options.delimiter);
  command.flag("--no-header", options.no_header);
}

void add_row_options(Command& command, RowOptions& options) {
  add_format_options(command, options);
  command.option("--text-column", options.text_column);
  command.option("--text-pair-column", options.pair_column);
  command.option("--label-column", options.label_column);
}

ReadOptions read_options(const Command& command, const RowOptions& options, ReadOptions read) {
  read.format = options.format;
  read.delimiter = delimiter_of(command, options.delimiter);
  read.header = !options.no_header;
  read.text_column = options.text_column;
  read.text_pair_column = options.pair_column;
  read.label_column = options.label_column;
  return read;
}

void add_text_options(Command& command, TextOptions& options) {
  command.option("text", options.texts);
  command.option("--input", options.input);
  add_row_options(command, options.rows);
}

Dataset read_texts(const Command& command, const TextOptions& options, ReadOptions read) {
  if (!options.texts.empty() && !options.input.empty())
    command.wrong_usage("texts come from the command line or from --input, not both");
  read = read_options(command, options.rows, std::move(read));
  if (!options.texts.empty()) return dataset_of(options.texts, kCommandLine);
  return read_dataset(file_of(command, options), read);
}

RowStream stream_texts(const Command& command, const TextOptions& options, ReadOptions read) {
  if (!options.texts.empty()) command.wrong_usage("--stream reads standard input or --input; leave out the texts");
  return {file_of(command, options), read_options(command, options.rows, std::move(read))};
}

}  // namespace linnet::app
