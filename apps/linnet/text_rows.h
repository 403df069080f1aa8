// The rows of a verb that answers each of them alone: from the command line, a file, or a pipe as they arrive.
//
//   TextRows rows(command, texts, show, {.one_text = true, .labels = Labels::kIgnored});   // reads a file
//   const Loaded loaded = load_pretrained(command, model);
//   rows.answer("tagging", {"label", "score"}, [&](RowAnswers& answers, const auto& asked, const auto& next) { … });
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "row_answers.h"
#include "text_options.h"

namespace linnet::app {

class TextRows {
 public:
  // Reads the rows, unless they are answered as they come. Unreadable ones are kept, to be refused one by one.
  TextRows(const Command& command, const TextOptions& texts, const AnswerOptions& show, ReadOptions read);
  // Rows that were made from other options.
  TextRows(Dataset data, const AnswerOptions& show) : show_(show), data_(std::move(data)) {}

  // Calls `work` with runs of rows, at most `at_once`; it adds or refuses each of them and then calls `next`. `cells`:
  // the answer's columns. Throws Exit if a row was refused.
  using Next = std::function<void()>;
  using Work = std::function<void(RowAnswers& answers, const std::vector<ExampleRef>& rows, const Next& next)>;
  void answer(const std::string& doing, std::vector<std::string> cells, const Work& work, std::size_t at_once = 1024);

 private:
  AnswerOptions show_;
  std::optional<Dataset> data_;
  std::function<RowStream()> stream_;
};

}  // namespace linnet::app
