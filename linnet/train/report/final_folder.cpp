#include "linnet/train/report/final_folder.h"

#include <unistd.h>

#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/utf8.h"
#include "linnet/models/saver.h"
#include "linnet/train/report/html_report.h"
#include "linnet/train/report/model_card.h"
#include "linnet/train/tasks/task.h"

namespace linnet {
namespace {

namespace fs = std::filesystem;
using Facts = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t kMistakesShown = 20, kMostTextBytes = 1000;

bool classifies_texts(const FinishedRun& run) {
  return run.learner.model().config().head == nn::HeadKind::kSequenceClass;
}

Facts metric_facts(const std::map<std::string, double>& metrics) {
  Facts facts;
  for (const auto& [name, value] : metrics) facts.emplace_back(name, fmt::format("{:.4g}", value));
  return facts;
}

// The text of a prediction; for a tag the word in its context: counts the tagged words up to its token.
std::string judged_text(const JudgedRows& judged, const Prediction& p) {
  const auto at = static_cast<std::size_t>(p.example);
  const Example& row = judged.rows.examples[static_cast<std::size_t>(judged.set.rows[at])];
  if (p.token < 0)
    return row.text_pair.empty() ? std::string(row.text)
                                 : fmt::format("{} / {}", std::string_view(row.text), std::string_view(row.text_pair));
  const auto& targets = judged.set.examples[at].targets;
  const auto word = static_cast<std::size_t>(
      std::count_if(targets.begin(), targets.begin() + p.token, [](std::int32_t target) { return target >= 0; }));
  const std::vector<std::string> tokens = row.tokens();
  const std::string text = fmt::format("{}", fmt::join(tokens, " "));
  const bool known = word < row.tags.size() && row.tags[word] == p.expected;
  return known ? fmt::format("{} (in: {})", tokens[word], text) : text;
}

std::vector<Mistake> worst_mistakes(const JudgedRows& judged, const std::vector<std::string>& labels) {
  std::vector<Prediction> wrong;
  for (const Prediction& p : judged.predictions)
    if (p.expected != p.predicted) wrong.push_back(p);
  std::stable_sort(wrong.begin(), wrong.end(),
                   [](const auto& a, const auto& b) { return a.probability > b.probability; });
  if (wrong.size() > kMistakesShown) wrong.resize(kMistakesShown);
  std::vector<Mistake> mistakes;
  for (const Prediction& p : wrong) {
    const auto label = [&](std::int32_t id) { return labels[static_cast<std::size_t>(id)]; };
    std::string text = judged_text(judged, p);
    text.resize(utf8::complete_prefix(std::string_view(text).substr(0, kMostTextBytes)));
    mistakes.push_back({std::move(text), label(p.expected), label(p.predicted), p.probability});
  }
  return mistakes;
}

Html report_of(const FinishedRun& run) {
  ReportInput input{.title = fmt::format("Training of {}", run.options.output.filename().string()),
                    .history = &run.history,
                    .facts = run.plan.facts(),
                    .labels = run.plan.labels};
  for (auto& fact : metric_facts(run.metrics)) input.facts.push_back(std::move(fact));
  for (std::size_t i = 0; i < run.nearest_tokens.size(); ++i)
    input.facts.emplace_back(fmt::format("nearest to prompt row {}", i),
                             fmt::format("{}", fmt::join(run.nearest_tokens[i], " ")));
  if (run.judged != nullptr && !run.judged->predictions.empty()) {
    input.judged = run.judged->name;
    constexpr std::size_t kMostInMatrix = 200;  // classes; a larger table is unreadable
    if (run.plan.labels.size() <= kMostInMatrix)
      input.confusion.emplace(run.plan.labels.size(), run.judged->predictions);
    input.mistakes = worst_mistakes(*run.judged, run.plan.labels);
  }
  return html_report(input);
}

Markdown card_of(const FinishedRun& run) {
  const models::ModelFiles* files = run.learner.model().files();
  const fs::path& base = run.learner.model().place();
  ModelCard card{.name = run.options.output.filename().string(),
                 .base = public_name(base),
                 .licence = files == nullptr ? "" : stated_licence(*files),
                 .pipeline_tag = std::string(run.options.task->pipeline_tag()),
                 .library = run.learner.adapter() != nullptr ? "peft" : "transformers"};
  card.labels = run.plan.labels;
  const DataReport& data = run.plan.data;
  card.data = {
      {"training rows", std::to_string(data.rows)},
      {"validation rows", std::to_string(data.valid_rows)},
      {"tokens a row, median and longest", fmt::format("{} and {}", data.lengths.median, data.lengths.longest)},
      {"rows cut to the maximal length", std::to_string(data.truncated)}};
  for (std::size_t i = 0; i < data.classes.size() && i < data.class_rows.size() && data.classes.size() <= 50; ++i)
    card.data.emplace_back("rows of " + data.classes[i], std::to_string(data.class_rows[i]));
  card.training = run.plan.facts();
  std::erase_if(card.training, [](const auto& fact) { return fact.first == "memory" || fact.first == "labels"; });
  card.training.emplace_back("optimiser", std::string(optimizer_name(run.options.optimizer.kind)));
  card.training.emplace_back(
      "batch", fmt::format("{} rows, {} at a time", run.options.batch_size * run.options.grad_accumulation,
                           run.options.batch_size));
  card.training.emplace_back("seed", std::to_string(run.options.seed));
  card.metrics = metric_facts(run.metrics);
  if (classifies_texts(run)) card.measure = Markdown::formatted("{}", run.options.measure_command);
  card.warnings = data.warnings;
  return model_card(card);
}

// Transformers' classifiers of decoders search for the last token that is not padding: without a padding id they reject
// batches.
void name_padding(const fs::path& config_file, const nn::TransformerConfig& config) {
  if (!is_file(config_file) || config.stack == nn::Stack::kEncoder || config.eos_ids.empty()) return;
  Json json = read_json(config_file);
  if (json.contains("pad_token_id") && !json["pad_token_id"].is_null()) return;
  json["pad_token_id"] = config.eos_ids.front();
  write_file(config_file, dump_json(json, 2) + "\n");
}

// Temporary folder of the files; it is always removed.
struct Stage {
  explicit Stage(fs::path at) : path(std::move(at)) {
    remove_tree(path);
    make_folders(path);
  }
  ~Stage() { remove_tree(path); }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  const fs::path path;
};

void move_all(const fs::path& from, const fs::path& to) {
  std::vector<fs::path> files = files_below(from);
  // A folder with a config is a model, so the config is moved last, when the rest is on the disk.
  const auto rank = [](const fs::path& file) {
    return file == "config.json" ? 2 : file == "adapter_config.json" ? 1 : 0;
  };
  std::stable_sort(files.begin(), files.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  for (const fs::path& file : files) {
    if (rank(file) > 0) sync_directory(to);
    const fs::path target = to / file;
    if (target.parent_path() != to) make_folders(target.parent_path());
    rename_path(from / file, target);
    if (target.parent_path() != to) sync_directory(target.parent_path());
  }
  sync_directory(to);
}

// Only for a line of the card: an unreadable one counts as absent.
std::string readme_of(const fs::path& model) {
  constexpr std::size_t kLargest = std::size_t{1} << 24;
  try {
    return read_file(model / "README.md", kLargest);
  } catch (const Error&) {
    return "";
  }
}

}  // namespace

std::string public_name(const fs::path& model) {
  constexpr std::string_view kCached = "models--";
  std::error_code error;
  const fs::path path = fs::absolute(model, error).lexically_normal();
  for (const fs::path& part : path) {
    std::string name = part.string();
    if (!name.starts_with(kCached)) continue;
    name.erase(0, kCached.size());
    if (const auto dashes = name.find("--"); dashes != name.npos) name.replace(dashes, 2, "/");
    return name;
  }
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

std::string stated_licence(const models::ModelFiles& files) {
  if (is_file(files.place())) return files.gguf()->string("general.license").value_or("");
  const std::string text = readme_of(files.place());
  if (!text.starts_with("---")) return "";
  const std::string head = text.substr(0, text.find("\n---", 3));
  const auto at = head.find("\nlicense:");
  if (at == std::string::npos) return "";
  std::string value = head.substr(at + 9, head.find('\n', at + 1) - at - 9);
  std::erase_if(value, [](char c) { return c == ' ' || c == '"' || c == '\'' || c == '\r'; });
  return value;
}

void write_final_folder(const FinishedRun& run) {
  const fs::path& output = run.options.output;
  const Stage folder(output / fmt::format(".final.{}.incomplete", ::getpid()));
  const fs::path& stage = folder.path;
  run.learner.save(stage);
  const models::ModelFiles* files = run.learner.model().files();
  if (run.learner.adapter() != nullptr && files != nullptr) models::copy_companions(*files, stage);
  if (classifies_texts(run)) name_padding(stage / "config.json", run.learner.model().config());
  write_file(stage / "README.md", card_of(run).text());
  write_file(stage / "report.html", report_of(run).text());
  move_all(stage, output);
}

}  // namespace linnet
