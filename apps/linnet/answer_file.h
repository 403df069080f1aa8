// The file of `--output`: the input's columns followed by the answer's, row by row, as CSV, TSV or JSON lines.
//
//   AnswerFile file("out.csv", {"text", "label"}, {"label", "score"});   // text,label,predicted_label,score
//   file.add({{"text", "w5"}, {"label", "a"}}, {"b", 0.7}, "in.csv:2");
//   file.commit();                                                       // the file gets its name
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/base/file.h"
#include "linnet/base/json.h"

namespace linnet::app {

class AnswerFile {
 public:
  // kInvalidArgument for an ending other than .csv, .tsv, .jsonl. An answer's column with the name of an input column
  // gets the prefix "predicted_", with a note; kBadInput if that exists, too.
  AnswerFile(const std::filesystem::path& file, std::vector<std::string> columns, std::vector<std::string> answer);

  // `row`: an object of the input's columns, which may be absent; a new column is kBadInput naming `place`, since the
  // header is written. `cells`: one per column of the answer, or none for a row without an answer.
  void add(const Json& row, std::span<const Json> cells, std::string_view place);
  void commit();

 private:
  void write_cells(std::span<const Json> cells);

  AtomicFile file_;
  char separator_;  // 0: JSON lines
  std::vector<std::string> columns_, answer_;
};

// An invalid name of --output fails before a model is loaded.
void check_answer_file_name(const std::filesystem::path& file);

}  // namespace linnet::app
