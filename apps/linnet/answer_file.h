// The file of `--output`: the input's own columns and behind them the answer's, row for row, as CSV, TSV or JSON lines.
//
//   AnswerFile file("out.csv", {"text", "label"}, {"label", "score"});   // text,label,predicted_label,score
//   file.add({{"text", "w5"}, {"label", "a"}}, {"b", 0.7}, "in.csv:2");
//   file.commit();                                                       // it appears under its name
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
  // Names whose ending is none of .csv, .tsv, .jsonl: kInvalidArgument. An answer's column whose name the input has too
  // gets "predicted_" in front, with a note; kBadInput where that is taken as well.
  AnswerFile(const std::filesystem::path& file, std::vector<std::string> columns, std::vector<std::string> answer);

  // `row`: an object of the input's columns, any of which may be absent; another column is kBadInput, since the
  // heading is written: `place` names the row. `cells`: one per column of the answer, or none for a row without one.
  void add(const Json& row, std::span<const Json> cells, std::string_view place);
  void commit();

 private:
  void write_cells(std::span<const Json> cells);

  AtomicFile file_;
  char separator_;  // 0: JSON lines
  std::vector<std::string> columns_, answer_;
};

// Wrong names of --output fail before a model is loaded.
void check_answer_file_name(const std::filesystem::path& file);

}  // namespace linnet::app
