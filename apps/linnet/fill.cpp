// linnet fill: the most likely words for a mask.
#include <fmt/format.h>

#include <optional>

#include "linnet/tasks/fill_mask.h"
#include "model_options.h"
#include "output.h"
#include "progress.h"
#include "row_answers.h"
#include "text_options.h"
#include "verbs.h"

namespace linnet::app {

namespace {

using Candidates = std::vector<tasks::FillCandidate>;

Json json_of(const Candidates& words) {
  Json list = Json::array();
  for (const tasks::FillCandidate& w : words)
    list.push_back({{"score", w.score}, {"token", w.token}, {"token_str", w.token_str}, {"sequence", w.sequence}});
  return list;
}

// As in Transformers' pipeline: a list of words; for several masks, a list per mask.
Json json_of(const std::vector<Candidates>& masks) {
  Json all = Json::array();
  for (const Candidates& words : masks) all.push_back(json_of(words));
  return all.size() == 1 ? std::move(all.front()) : all;
}

std::string tables_of(const std::vector<Candidates>& masks) {
  std::string text;
  for (const Candidates& words : masks) {
    Table rows{{"score", "word", "text"}};
    for (const tasks::FillCandidate& w : words)
      rows.push_back({format_printable("{:.4f}", w.score), printable(w.token_str), printable(w.sequence, 400)});
    text += format_table(rows).text();
  }
  return text;
}

// The most likely words; for several masks, lists of them.
std::vector<Json> cells_of(const std::vector<Candidates>& masks) {
  if (masks.size() == 1 && !masks.front().empty()) {
    const tasks::FillCandidate& best = masks.front().front();
    return {best.token_str, best.score, best.sequence};
  }
  std::vector<Json> cells(3, Json::array());
  for (const Candidates& words : masks) {
    cells[0].push_back(words.empty() ? Json() : Json(words.front().token_str));
    cells[1].push_back(words.empty() ? Json() : Json(words.front().score));
    cells[2].push_back(words.empty() ? Json() : Json(words.front().sequence));
  }
  return cells;
}

}  // namespace

void run_fill(Arguments arguments) {
  ModelOptions model;
  TextOptions texts;
  std::int64_t top_k = 5;
  std::vector<std::string> targets;
  AnswerOptions show;
  Command command("fill", "the likeliest words for a masked place");
  command.example("linnet fill -m bert-base-uncased 'Paris is the [MASK] of France.'");
  command.example("linnet fill -m bert-base-uncased 'It was [MASK].' --targets good --targets bad --json");
  add_text_options(command, texts);
  command.option("--top-k", top_k);
  command.option("--targets", targets);
  add_answer_options(command, show);
  add_model_options(command, model);
  command.parse(arguments);
  check_answer_options(command, show);

  const ReadOptions read{.one_text = true, .labels = Labels::kIgnored, .faulty_rows = FaultyRows::kKept};
  std::optional<Dataset> data;
  if (!answers_as_rows_come(texts, show)) data = read_texts(command, texts, read);
  const Loaded loaded = load_pretrained(command, model);
  tasks::check_fills(loaded);
  const auto only = tasks::target_ids(loaded.tokenizer(), targets);
  std::optional<RowAnswers> answers;
  const auto answer = [&](std::span<const ExampleRef> rows) {
    if (!answers)
      answers.emplace(show, rows.back().data.columns, std::vector<std::string>{"token_str", "score", "sequence"});
    Progress bar("filling", std::ssize(rows), "texts");
    for (const ExampleRef& row : rows) {
      if (!is_empty_line(row))
        answers->answer(row, [&] {
          const auto masks = tasks::fill_mask(loaded, (*row).text, top_k, only);
          return RowAnswer{json_of(masks), tables_of(masks), cells_of(masks)};
        });
      bar.advance();
    }
  };
  if (data)
    answer(rows_of(*data));
  else
    answer_arrivals(stream_texts(command, texts, read), 1, answer);
  answers->finish();
}

}  // namespace linnet::app
