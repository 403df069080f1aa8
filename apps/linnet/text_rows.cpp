#include "text_rows.h"

#include <algorithm>
#include <iterator>

#include "progress.h"

namespace linnet::app {

TextRows::TextRows(const Command& command, const TextOptions& texts, const AnswerOptions& show, ReadOptions read)
    : show_(show) {
  read.faulty_rows = FaultyRows::kKept;
  if (answers_as_rows_come(texts, show))
    stream_ = [&command, &texts, read] { return stream_texts(command, texts, read); };
  else
    data_ = read_texts(command, texts, read);
}

void TextRows::answer(const std::string& doing, std::vector<std::string> cells, const Work& work, std::size_t at_once) {
  std::optional<RowAnswers> answers;
  const auto run = [&](std::span<const ExampleRef> rows, const Next& next) {
    if (!answers) answers.emplace(show_, rows.back().data.columns, std::move(cells));
    std::vector<ExampleRef> asked;
    std::copy_if(rows.begin(), rows.end(), std::back_inserter(asked),
                 [](const ExampleRef& row) { return !is_empty_line(row); });
    answers->answer_together(asked, [&](const std::vector<ExampleRef>& sound) { work(*answers, sound, next); });
  };
  if (data_) {
    const std::size_t count = data_->examples.size();
    Progress bar(printable(doing), static_cast<std::int64_t>(count), "texts");
    for (std::size_t begin = 0; begin < count; begin += at_once) {
      run(rows_of(*data_, begin, at_once), [&] { bar.advance(); });
      bar.set(static_cast<std::int64_t>(std::min(count, begin + at_once)));
    }
  } else {
    answer_arrivals(stream_(), at_once, [&](std::span<const ExampleRef> rows) { run(rows, [] {}); });
  }
  answers->finish();
}

}  // namespace linnet::app
