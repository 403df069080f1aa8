// linnet embed: texts as vectors.
#include "linnet/tasks/embed.h"

#include <fmt/format.h>

#include <cstdlib>
#include <limits>
#include <optional>

#include "embed_options.h"
#include "linnet/base/error.h"
#include "linnet/io/npy.h"
#include "output.h"
#include "progress.h"
#include "text_options.h"
#include "verbs.h"

namespace linnet::app {

namespace {

// Where vectors go: JSON lines, lines of numbers, or a .npy file. A text without a vector is an error of its row.
class Vectors {
 public:
  Vectors(const Dataset& data, bool json) : data_(data), json_(json) {}

  void open(const std::string& file, std::int64_t width) {
    file_.emplace(file, std::ssize(data_.examples), width);
    width_ = static_cast<std::size_t>(width);
  }
  void put(std::size_t index, const std::vector<float>& vector) {
    if (file_) file_->add(vector);
    if (file_) return;
    if (!json_) return print_result(fmt::format("{}\n", fmt::join(vector, " ")));
    Json values = Json::array();
    for (const float v : vector) values.push_back(shortest_decimal(v));
    print_json({{"row", row(index)}, {"embedding", std::move(values)}});
  }
  void refuse(std::size_t index, const Error& why) {
    ++refused_;
    const std::string place = row_place(data_, index);
    print_error(place.empty() ? format_printable("text {}: {}", index + 1, why.what())
                              : format_printable("{}: {}", place, why.what()));
    if (file_) return file_->add(std::vector<float>(width_, std::numeric_limits<float>::quiet_NaN()));
    if (json_) return print_json({{"row", row(index)}, {"error", why.what()}});
    print_result("\n");
  }
  // Exit code 3 where a text had no vector; the others are written all the same.
  void finish(const std::string& output) {
    if (file_) file_->commit();
    if (file_ && json_)
      print_json({{"output", output}, {"rows", data_.examples.size()}, {"width", width_}, {"errors", refused_}});
    if (refused_ == 0) return;
    print_note(format_printable("{} of {} texts have no vector{}", refused_, data_.examples.size(),
                                file_ ? Printable("; their rows hold NaN") : Printable()));
    throw Exit{3};
  }

 private:
  std::int64_t row(std::size_t index) const { return data_.examples[index].index; }

  const Dataset& data_;
  bool json_;
  std::optional<NpyWriter> file_;
  std::size_t width_ = 0, refused_ = 0;
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
  add_text_options(command, texts, "texts to embed");
  add_embed_options(command, flags);
  command.group("Answer");
  command.option("-o,--output", output, "a .npy file (float32, a row per text) instead of standard output");
  command.flag("--json", json, "one JSON object per text");
  add_model_options(command, model);
  command.parse(arguments);
  const tasks::EmbedWishes wishes = embed_wishes(command, flags);
  if (command.given("--output") && !output.ends_with(".npy"))
    command.wrong_usage("--output takes a name ending in .npy; for other forms take --json or standard output");

  const Dataset data = read_texts(command, texts, {.one_text = true, .labels = Labels::kIgnored});
  const LoadedModel loaded = load_model(command, model);
  const tasks::EmbedOptions options = embed_options(command, flags, loaded, wishes);
  std::vector<std::string> list;
  for (const Example& example : data.examples) list.push_back(example.text);
  Vectors vectors(data, json);
  if (!output.empty()) vectors.open(output, tasks::embedding_width(*loaded.model, options));
  {
    Progress bar("embedding", static_cast<std::int64_t>(list.size()), "texts");
    tasks::embed_each(
        *loaded.model, loaded.tokenizer(), list, options,
        [&](std::size_t index, const std::vector<float>& vector) {
          vectors.put(index, vector);
          bar.set(static_cast<std::int64_t>(index) + 1);
        },
        [&](std::size_t index, const Error& why) {
          vectors.refuse(index, why);
          bar.set(static_cast<std::int64_t>(index) + 1);
        });
  }
  vectors.finish(output);
}

}  // namespace linnet::app
