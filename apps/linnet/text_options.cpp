#include "text_options.h"

#include <unistd.h>

namespace linnet::app {

namespace {

constexpr const char* kCommandLine = "command line";

}  // namespace

std::string row_place(const Dataset& data, std::size_t index) {
  return data.file == kCommandLine ? "" : data.place(index);
}

void add_text_options(Command& command, TextOptions& options, const std::string& what) {
  command.group("Texts");
  command.option("text", options.texts, what);
  command.option("--input", options.input, ".txt, .jsonl, .json, .csv, .tsv, each also .gz; - for standard input");
  command.option("--text-column", options.text_column, "default: text, else the usual names");
  command.option("--label-column", options.label_column, "default: label, else the usual names");
}

Dataset read_texts(const Command& command, const TextOptions& options, ReadOptions read) {
  if (!options.texts.empty() && !options.input.empty())
    command.wrong_usage("texts come from the command line or from --input, not both");
  if (!options.texts.empty()) {
    Dataset data;
    data.file = kCommandLine;
    data.columns = {"text"};
    for (const std::string& text : options.texts) {
      Example& example = data.examples.emplace_back();
      example.text = text;
      example.row = {{"text", text}};
      example.line = static_cast<std::int64_t>(data.examples.size());
      example.index = example.line - 1;
    }
    return data;
  }
  if (options.input.empty() && isatty(STDIN_FILENO) == 1) command.wrong_usage("no text: give one, or --input FILE");
  read.text_column = options.text_column;
  read.label_column = options.label_column;
  return read_dataset(options.input.empty() ? "-" : options.input, read);
}

}  // namespace linnet::app
