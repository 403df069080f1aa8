// linnet rerank: orders documents by their answer to a query.
#include "linnet/tasks/rerank.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>

#include "linnet/base/error.h"
#include "model_options.h"
#include "output.h"
#include "progress.h"
#include "row_answers.h"
#include "text_options.h"
#include "verbs.h"

namespace linnet::app {

namespace {

struct RerankFlags {
  ModelOptions model;
  TextOptions documents;
  std::string query, output;
  std::int64_t top_k = 0;
  bool json = false;
  tasks::RerankOptions options;
};

void add_flags(Command& command, RerankFlags& flags) {
  command.example(
      "linnet rerank -m cross-encoder/ms-marco-MiniLM-L6-v2 'Who left?' 'The ferry left.' 'The oven was cold.'");
  command.example("linnet rerank -m BAAI/bge-reranker-base 'Who left?' --input documents.txt --top-k 5 --json");
  command.option("query", flags.query).required();
  add_text_options(command, flags.documents);
  command.option("--top-k", flags.top_k);
  command.option("--max-length", flags.options.max_length);
  command.flag("--allow-untrained", flags.options.allow_untrained);
  command.option("--output", flags.output);
  command.flag("--json", flags.json);
  add_model_options(command, flags.model);
}

// Scores of documents in the input's order; none: it was refused.
class Ranking {
 public:
  explicit Ranking(std::vector<ExampleRef> rows)
      : rows_(std::move(rows)), scores_(rows_.size()), refused_(rows_.size()) {}

  void score(std::size_t row, double score) { scores_[row] = score; }
  void refuse(std::size_t row, const Error& why) { refused_[row].emplace(why); }

  // Indexes of the scored rows, best first.
  std::vector<std::size_t> order() const {
    std::vector<std::size_t> rows;
    for (std::size_t i = 0; i < rows_.size(); ++i)
      if (scores_[i]) rows.push_back(i);
    std::ranges::stable_sort(rows, [&](std::size_t a, std::size_t b) { return *scores_[a] > *scores_[b]; });
    return rows;
  }
  // Joins rank and score to every row, in the input's order; names refused rows.
  void join(const RerankFlags& flags, const std::vector<std::string>& columns) const {
    RowAnswers answers({.output = flags.output}, columns, {"rank", "score"});
    std::vector<std::size_t> rank(rows_.size());
    const auto best = order();
    for (std::size_t r = 0; r < best.size(); ++r) rank[best[r]] = r;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const InputRow row = input_row(rows_[i], answers.joins());
      if (refused_[i])
        answers.refuse(row, *refused_[i]);
      else if (scores_[i])
        answers.add(row, {.json = {}, .text = {}, .cells = {rank[i], *scores_[i]}});
    }
    answers.finish();
  }
  void print(const RerankFlags& flags) const {
    auto best = order();
    if (flags.top_k > 0 && std::ssize(best) > flags.top_k) best.resize(static_cast<std::size_t>(flags.top_k));
    Json list = Json::array();
    Table table{{"score", "index", "text"}};
    for (const std::size_t i : best) {
      const Example row = *rows_[i];
      list.push_back({{"index", row.index}, {"score", *scores_[i]}, {"text", row.text}});
      table.push_back(
          {format_printable("{:.4f}", *scores_[i]), format_printable("{}", row.index), printable(row.text, 400)});
    }
    if (flags.json)
      print_json(list);
    else if (flags.output.empty())
      print_result(format_table(table).text());
  }

 private:
  std::vector<ExampleRef> rows_;
  std::vector<std::optional<double>> scores_;
  std::vector<std::optional<Error>> refused_;
};

}  // namespace

void run_rerank(Arguments arguments) {
  RerankFlags flags;
  Command command("rerank", "documents ordered by how well they answer a query");
  add_flags(command, flags);
  command.parse(arguments);
  check_answer_options(command, {.output = flags.output});

  const Dataset data = read_texts(command, flags.documents,
                                  {.one_text = true, .labels = Labels::kIgnored, .faulty_rows = FaultyRows::kKept});
  const Loaded loaded = load_pretrained(command, flags.model);
  tasks::check_reranks(loaded, flags.options);
  const std::vector<ExampleRef> rows = rows_of(data);
  Ranking ranking(rows);
  std::vector<std::size_t> asked;  // places of the sound rows
  std::vector<std::string> documents;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (is_empty_line(rows[i])) continue;
    if (const auto fault = fault_of(rows[i])) {
      ranking.refuse(i, *fault);
      continue;
    }
    asked.push_back(i);
    documents.push_back((*rows[i]).text);
  }
  {
    Progress bar("ranking", std::ssize(documents), "texts");
    tasks::rerank_each(
        loaded, flags.query, documents, flags.options,
        [&](std::size_t i, double score) {
          ranking.score(asked[i], score);
          bar.advance();
        },
        [&](std::size_t i, const Error& why) {
          ranking.refuse(asked[i], why);
          bar.advance();
        });
  }
  ranking.print(flags);
  ranking.join(flags, data.columns);
}

}  // namespace linnet::app
