// linnet fill: the likeliest words for a masked place.
#include <fmt/format.h>

#include "linnet/base/error.h"
#include "linnet/tasks/fill_mask.h"
#include "model_options.h"
#include "output.h"
#include "progress.h"
#include "text_options.h"
#include "verbs.h"

namespace linnet::app {

namespace {

using Words = std::vector<tasks::FillCandidate>;

Json json_of(const Words& words) {
  Json list = Json::array();
  for (const tasks::FillCandidate& w : words)
    list.push_back({{"score", w.score}, {"token", w.token}, {"token_str", w.token_str}, {"sequence", w.sequence}});
  return list;
}

// As Transformers' pipeline: a list of words; of several masks, a list a mask.
void print_as_json(const std::vector<Words>& masks) {
  Json all = Json::array();
  for (const Words& words : masks) all.push_back(json_of(words));
  print_json(all.size() == 1 ? all.front() : all);
}

void print_as_table(const std::vector<Words>& masks) {
  for (const Words& words : masks) {
    Table rows{{"score", "word", "text"}};
    for (const tasks::FillCandidate& w : words)
      rows.push_back({format_printable("{:.4f}", w.score), printable(w.token_str), printable(w.sequence, 400)});
    print_result(format_table(rows).text());
  }
}

}  // namespace

void run_fill(Arguments arguments) {
  ModelOptions model;
  TextOptions texts;
  std::int64_t top_k = 5;
  std::vector<std::string> targets;
  bool json = false;
  Command command("fill", "the likeliest words for a masked place");
  command.example("linnet fill -m bert-base-uncased 'Paris is the [MASK] of France.'");
  command.example("linnet fill -m bert-base-uncased 'It was [MASK].' --targets good --targets bad --json");
  add_text_options(command, texts, "texts that hold the model's mask token");
  command.group("Answer");
  command.option("--top-k", top_k, "words for each mask (5)");
  command.option("--targets", targets, "rank only this word (repeatable)");
  command.flag("--json", json, "one JSON array a text");
  add_model_options(command, model);
  command.parse(arguments);
  if (top_k < 1) command.wrong_usage("--top-k takes a number from 1");

  const Dataset data = read_texts(command, texts, {.labels = Labels::kIgnored});
  const LoadedModel loaded = load_model(command, model);
  const auto only = tasks::target_ids(loaded.tokenizer(), targets);
  Progress bar("filling", static_cast<std::int64_t>(data.examples.size()), "texts");
  for (std::size_t i = 0; i < data.examples.size(); ++i) {
    std::vector<Words> masks;
    blame(row_place(data, i),
          [&] { masks = tasks::fill_mask(*loaded.model, loaded.tokenizer(), data.examples[i].text, top_k, only); });
    if (json)
      print_as_json(masks);
    else
      print_as_table(masks);
    bar.advance();
  }
}

}  // namespace linnet::app
