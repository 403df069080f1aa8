// linnet search: finds the texts of an embedded file that are closest to a query.
#include "linnet/tasks/search.h"

#include <fmt/format.h>

#include <cstdlib>

#include "embed_options.h"
#include "linnet/base/error.h"
#include "linnet/io/npy.h"
#include "output.h"
#include "text_options.h"
#include "verbs.h"

namespace linnet::app {

namespace {

Tensor matrix_of(const std::vector<std::vector<float>>& vectors) {
  std::vector<float> values;
  for (const auto& v : vectors) values.insert(values.end(), v.begin(), v.end());
  return Tensor::from(values, {std::ssize(vectors), vectors.empty() ? 0 : std::ssize(vectors.front())});
}

void print_hits(const std::string& query, const std::vector<tasks::SearchHit>& hits, const Dataset& texts, bool json) {
  const auto text = [&](const tasks::SearchHit& hit) -> std::string { return texts.examples[hit.row].text; };
  if (json) {
    Json list = Json::array();
    for (const tasks::SearchHit& hit : hits)
      list.push_back(
          {{"row", texts.examples[hit.row].index}, {"score", shortest_decimal(hit.score)}, {"text", text(hit)}});
    return print_json({{"query", query}, {"hits", std::move(list)}});
  }
  Table table{{"score", "row", printable(query, 100)}};
  for (const tasks::SearchHit& hit : hits)
    table.push_back({format_printable("{:.4f}", hit.score), format_printable("{}", texts.examples[hit.row].index),
                     printable(text(hit), 100)});
  print_result(format_table(table).text());
}

}  // namespace

void run_search(Arguments arguments) {
  ModelOptions model;
  EmbedFlags flags;
  tasks::SearchOptions options;
  std::vector<std::string> queries;
  std::string vectors, file;
  RowOptions rows;
  bool json = false;
  Command command("search", "the texts of an embedded file that are closest to a query");
  command.example("linnet search -m all-MiniLM-L6-v2 'where is my order' --in vectors.npy --texts texts.txt");
  command.example("linnet search -m all-MiniLM-L6-v2 'refund' 'delay' --in v.npy --texts t.csv --top-k 3 --json");
  command.option("query", queries);
  command.option("--in", vectors);
  command.option("--texts", file);
  add_row_options(command, rows);
  command.option("--top-k", options.top_k);
  command.flag("--json", json);
  add_embed_options(command, flags);
  add_model_options(command, model);
  command.parse(arguments);
  tasks::EmbedWishes wishes = embed_wishes(command, flags);
  if (queries.empty()) command.wrong_usage("what for? give a query");
  if (vectors.empty()) command.wrong_usage("--in F.npy is missing: what `linnet embed --output F.npy` wrote");
  if (file.empty()) command.wrong_usage("--texts F is missing: the texts that were embedded");

  const Dataset texts = read_dataset(
      file,
      read_options(command, rows, {.one_text = true, .labels = Labels::kIgnored, .faulty_rows = FaultyRows::kKept}));
  const Tensor matrix = read_npy(vectors);
  check(std::ssize(texts.examples) == matrix.size(0), ErrorKind::kBadInput,
        "{}: has {} vectors, {} has {} texts; embed these texts again", vectors, matrix.size(0), file,
        texts.examples.size());
  const Loaded loaded = load_pretrained(command, model);
  tasks::EmbedOptions embed = embed_options(command, flags, loaded, wishes);
  const std::int64_t width = tasks::embedding_width(*loaded.model, embed);
  check(width == matrix.size(1), ErrorKind::kBadInput,
        "{}: has vectors of {} numbers, the model makes {}; name the model "
        "that made them with -m",
        vectors, matrix.size(1), width);
  options.similarity = embed.similarity;
  // As in sentence-transformers' encode_query: a prompt named "query" is for queries.
  if (!wishes.prompt && !wishes.prompt_name && embed.query_prompt) embed.prompt = *embed.query_prompt;
  const auto hits = tasks::search(matrix_of(tasks::embed(loaded, queries, embed)), matrix, options);
  for (std::size_t q = 0; q < queries.size(); ++q) print_hits(queries[q], hits[q], texts, json);
}

}  // namespace linnet::app
