// linnet tag: labels tokens and groups of them.
#include "linnet/tasks/tag.h"

#include <fmt/format.h>

#include <utility>

#include "model_options.h"
#include "output.h"
#include "text_rows.h"
#include "verbs.h"

namespace linnet::app {

namespace {

using tasks::Aggregation;
using Entities = std::vector<tasks::Entity>;

constexpr std::pair<const char*, Aggregation> kAggregations[] = {{"none", Aggregation::kNone},
                                                                 {"simple", Aggregation::kSimple},
                                                                 {"first", Aggregation::kFirst},
                                                                 {"average", Aggregation::kAverage},
                                                                 {"max", Aggregation::kMax}};

struct TagFlags {
  ModelOptions model;
  TextOptions texts;
  AnswerOptions show;
  std::string aggregation = "none";
  std::int64_t stride = 0;
  tasks::TagOptions tag;
};

void add_tag_options(Command& command, TagFlags& flags) {
  command.example("linnet tag -m dslim/bert-base-NER 'Marta lives in Oslo.' --aggregation simple");
  command.example("linnet tag -m dslim/bert-base-NER --input texts.txt --aggregation average --stride 64 --json");
  add_text_options(command, flags.texts);
  std::vector<std::string> names;
  for (const auto& [name, value] : kAggregations) names.emplace_back(name);
  command.choice("--aggregation", flags.aggregation, std::move(names));
  command.option("--stride", flags.stride);
  command.option("--ignore-labels", flags.tag.ignored);
  command.flag("--allow-untrained", flags.tag.allow_untrained);
  add_answer_options(command, flags.show);
  add_model_options(command, flags.model);
}

bool groups(const tasks::TagOptions& options) { return options.aggregation != Aggregation::kNone; }

// With the pipeline's keys, in its order.
Json json_of(const Entities& entities, bool grouped) {
  Json list = Json::array();
  for (const tasks::Entity& e : entities) {
    Json object{{grouped ? "entity_group" : "entity", e.label}, {"score", e.score}};
    if (!grouped) object["index"] = e.index;
    object["word"] = e.word;
    object["start"] = e.start;
    object["end"] = e.end;
    list.push_back(std::move(object));
  }
  return list;
}

std::string table_of(const Entities& entities) {
  Table rows{{"score", "label", "start", "end", "word"}};
  for (const tasks::Entity& e : entities)
    rows.push_back({format_printable("{:.4f}", e.score), printable(e.label), format_printable("{}", e.start),
                    format_printable("{}", e.end), printable(e.word, 400)});
  return format_table(rows).text();
}

// A list per column.
std::vector<Json> cells_of(const Entities& entities) {
  std::vector<Json> cells(5, Json::array());
  for (const tasks::Entity& e : entities) {
    cells[0].push_back(e.label);
    cells[1].push_back(e.score);
    cells[2].push_back(e.word);
    cells[3].push_back(e.start);
    cells[4].push_back(e.end);
  }
  return cells;
}

}  // namespace

void run_tag(Arguments arguments) {
  TagFlags flags;
  Command command("tag", "names, places and other labelled words of texts");
  add_tag_options(command, flags);
  command.parse(arguments);
  check_answer_options(command, flags.show);
  for (const auto& [name, value] : kAggregations)
    if (flags.aggregation == name) flags.tag.aggregation = value;
  if (command.given("--stride")) flags.tag.stride = flags.stride;

  TextRows rows(command, flags.texts, flags.show, {.one_text = true, .labels = Labels::kIgnored});
  const Loaded loaded = load_pretrained(command, flags.model);
  tasks::check_tags(loaded, flags.tag);
  const bool grouped = groups(flags.tag);
  rows.answer("tagging", {grouped ? "entity_group" : "entity", "score", "word", "start", "end"},
              [&](RowAnswers& answers, const std::vector<ExampleRef>& asked, const TextRows::Next& next) {
                std::vector<std::string> texts;
                for (const ExampleRef& row : asked) texts.push_back((*row).text);
                tasks::tag_each(
                    loaded, texts, flags.tag,
                    [&](std::size_t i, const Entities& found) {
                      answers.add(input_row(asked[i], answers.joins()),
                                  {json_of(found, grouped), table_of(found), cells_of(found)});
                      next();
                    },
                    [&](std::size_t i, const Error& why) {
                      answers.refuse(input_row(asked[i], answers.joins()), why);
                      next();
                    });
              });
}

}  // namespace linnet::app
