// linnet embed: texts as vectors.
#include "linnet/tasks/embed.h"

#include <fmt/format.h>

#include <cstdlib>
#include <optional>

#include "linnet/base/error.h"
#include "model_options.h"
#include "output.h"
#include "progress.h"
#include "text_options.h"
#include "verbs.h"

namespace linnet::app {

namespace {

tasks::EmbedPooling pooling_named(const std::string& name) {
  if (name == "mean") return tasks::EmbedPooling::kMean;
  if (name == "cls") return tasks::EmbedPooling::kCls;
  return tasks::EmbedPooling::kLast;
}

// The shortest decimal that reads back as the same float.
double shortest(float value) { return std::strtod(fmt::format("{}", value).c_str(), nullptr); }

void print_vector(const std::vector<float>& vector, bool json) {
  if (json) {
    Json values = Json::array();
    for (const float v : vector) values.push_back(shortest(v));
    return print_json({{"embedding", std::move(values)}});
  }
  print_result(fmt::format("{}\n", fmt::join(vector, " ")));
}

}  // namespace

void run_embed(Arguments arguments) {
  ModelOptions model;
  TextOptions texts;
  std::string pooling;
  std::int64_t max_length = 0;
  bool unit = false, json = false;
  Command command("embed", "texts as vectors");
  command.example("linnet embed -m all-MiniLM-L6-v2 'a text' 'another text' --json");
  command.example("linnet embed -m bert-base-uncased --pooling cls --unit --input texts.txt --json");
  add_text_options(command, texts, "texts to embed");
  command.group("Answer");
  command.choice("--pooling", pooling, {"mean", "cls", "last"}, "default: what the model's folder has, else mean");
  command.flag("--unit,!--no-unit", unit, "scale to length 1; default: what the model's folder says, else not");
  command.option("--max-length", max_length, "tokens of a text at most; default: the model's limit");
  command.flag("--json", json, "one JSON object a text");
  add_model_options(command, model);
  command.parse(arguments);
  if (command.given("--max-length") && max_length < 1) command.wrong_usage("--max-length takes a number from 1");
  std::optional<tasks::EmbedPooling> wanted;
  if (command.given("--pooling")) wanted = pooling_named(pooling);

  const Dataset data = read_texts(command, texts, {.labels = Labels::kIgnored});
  const LoadedModel loaded = load_model(command, model);
  tasks::EmbedOptions options = tasks::embed_defaults(loaded.model->place(), wanted);
  if (command.given("--unit")) options.unit = unit;
  if (command.given("--max-length")) options.max_length = max_length;
  std::vector<std::string> list;
  for (const Example& example : data.examples) list.push_back(example.text);
  Progress bar("embedding", static_cast<std::int64_t>(list.size()), "texts");
  tasks::embed_each(*loaded.model, loaded.tokenizer(), list, options,
                    [&](std::size_t index, const std::vector<float>& vector) {
                      print_vector(vector, json);
                      bar.set(static_cast<std::int64_t>(index) + 1);
                    });
}

}  // namespace linnet::app
