// linnet embed: computes vectors of texts.
#include "linnet/tasks/embed.h"

#include <fmt/format.h>

#include <limits>
#include <optional>

#include "embed_options.h"
#include "linnet/base/error.h"
#include "linnet/io/npy.h"
#include "output.h"
#include "progress.h"
#include "row_answers.h"
#include "text_options.h"
#include "verbs.h"

namespace linnet::app {

namespace {

// Writes vectors as JSON lines, lines of numbers, or a .npy file. A text without a vector has an empty line, or NaN.
class Vectors {
 public:
  explicit Vectors(bool json) : json_(json) {}

  void open(const std::string& file, std::int64_t rows, std::int64_t width) {
    file_.emplace(file, rows, width);
    width_ = static_cast<std::size_t>(width);
  }
  void put(ExampleRef text, const std::vector<float>& vector) {
    leave_out(text.index);
    ++next_;
    if (file_) return file_->add(vector);
    if (!json_) return print_result(fmt::format("{}\n", fmt::join(vector, " ")));
    Json values = Json::array();
    for (const float v : vector) values.push_back(shortest_decimal(v));
    print_json({{"row", (*text).index}, {"embedding", std::move(values)}});
  }
  void finish(const std::string& output, std::size_t texts) {
    leave_out(texts);
    if (!file_) return;
    file_->commit();
    if (json_) print_json({{"output", output}, {"rows", texts}, {"width", width_}, {"errors", missing_}});
  }

 private:
  void leave_out(std::size_t until) {
    for (; next_ < until; ++next_, ++missing_) {
      if (file_) file_->add(std::vector<float>(width_, std::numeric_limits<float>::quiet_NaN()));
      if (!file_ && !json_) print_result("\n");
    }
  }

  bool json_;
  std::optional<NpyWriter> file_;
  std::size_t width_ = 0, next_ = 0, missing_ = 0;
};

}  // namespace

void run_embed(Arguments arguments) {
  ModelOptions model;
  TextOptions texts;
  EmbedFlags flags;
  std::string output;
  bool json = false;
  Command command("embed", "texts as vectors");
  command.example("linnet embed -m all-MiniLM-L6-v2 'a text' 'another text' --json");
  command.example("linnet embed -m all-MiniLM-L6-v2 --input texts.txt --output vectors.npy");
  add_text_options(command, texts);
  add_embed_options(command, flags);
  command.option("--output", output);
  command.flag("--json", json);
  add_model_options(command, model);
  command.parse(arguments);
  const tasks::EmbedWishes wishes = embed_wishes(command, flags);
  if (command.given("--output") && !output.ends_with(".npy"))
    command.wrong_usage("--output takes a name ending in .npy; for other forms take --json or standard output");

  const Dataset data =
      read_texts(command, texts, {.one_text = true, .labels = Labels::kIgnored, .faulty_rows = FaultyRows::kKept});
  const Loaded loaded = load_pretrained(command, model);
  const tasks::EmbedOptions options = embed_options(command, flags, loaded, wishes);
  Vectors vectors(json);
  RowAnswers answers({.json = json && output.empty()}, {}, {});
  const std::size_t count = data.examples.size();
  if (!output.empty())
    vectors.open(output, static_cast<std::int64_t>(count), tasks::embedding_width(*loaded.model, options));
  {
    Progress bar("embedding", static_cast<std::int64_t>(count), "texts");
    answers.answer_together(rows_of(data), [&](const std::vector<ExampleRef>& asked) {
      std::vector<std::string> list;
      for (const ExampleRef& row : asked) list.push_back((*row).text);
      const auto done = [&](std::size_t i) { bar.set(static_cast<std::int64_t>(asked[i].index) + 1); };
      tasks::embed_each(
          loaded, list, options,
          [&](std::size_t i, const std::vector<float>& vector) {
            answers.answer(asked[i], [&] { vectors.put(asked[i], vector); });
            done(i);
          },
          [&](std::size_t i, const Error& why) {
            answers.refuse(input_row(asked[i], false), why);
            done(i);
          });
    });
  }
  vectors.finish(output, count);
  answers.finish();
}

}  // namespace linnet::app
