// The routes of Hugging Face's text-embeddings-inference: /predict, /embed, /rerank, /decode, /info.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "linnet/serve/list_job.h"
#include "linnet/serve/routes.h"
#include "linnet/tasks/classify.h"
#include "linnet/tasks/embed.h"
#include "linnet/tasks/prompt_ids.h"
#include "linnet/tasks/rerank.h"

namespace linnet::serve {
namespace {

using tasks::TextInput;

// Whether to cut long texts; without it they are refused. The side is the tokenizer's.
bool read_truncation(Fields& fields, const ServedModel& model) {
  const bool truncates = fields.flag("truncate").value_or(false);
  const auto side = fields.text("truncation_direction");
  if (!side) return truncates;
  const bool left = *side == "left" || *side == "Left";
  if (!left && *side != "right" && *side != "Right") fields.wrong("truncation_direction", "is not one of Left, Right");
  if (truncates && left != (model.loaded.tokenizer().truncation_side() == Side::kLeft))
    fields.wrong("truncation_direction", "is not that of this model's tokenizer; leave it out");
  return truncates;
}

// The tokens of a text or a pair; cut, or refused with 413, if they are too many.
Encoding encoding_of(const ServedModel& model, const TextInput& input, bool truncates, const char* name) {
  TextCutter cutter(model.loaded.tokenizer(), tasks::length_limit(*model.loaded.model, model.loaded.tokenizer()),
                    {.want_tokens = false, .want_offsets = false});
  const auto second = input.pair.empty() ? std::nullopt : std::optional<std::string_view>(input.pair);
  Encoding made = cutter.encode(input.text, second);
  if (made.size() == 0) throw ApiError(400, fmt::format("'{}' has a text without tokens", name), name);
  if (!truncates && cutter.cut_texts() > 0)
    throw ApiError(413,
                   fmt::format("'{}' has a text of {} tokens, at most {} are read; send \"truncate\": true", name,
                               cutter.full_length(), cutter.max_length()),
                   name);
  return made;
}

struct Inputs {
  std::vector<TextInput> texts = {};
  bool batch = false;
};

TextInput text_or_pair(Fields& fields, const Json& entry) {
  const bool texts = entry.is_array() && (entry.size() == 1 || entry.size() == 2) &&
                     std::ranges::all_of(entry, [](const Json& text) { return text.is_string(); });
  if (entry.is_string()) return {entry.get<std::string>()};
  if (!texts) fields.wrong("inputs", "is neither a text, a pair of texts, nor a list of these");
  return {entry[0].get<std::string>(), entry.size() == 2 ? entry[1].get<std::string>() : ""};
}

// "s", a pair ["a", "b"], or a batch [["s"], ["a", "b"]].
Inputs read_predict_inputs(Fields& fields) {
  const Json& given = fields.required("inputs");
  const bool batch = given.is_array() && !given.empty() && given.front().is_array();
  if (!batch) return {{text_or_pair(fields, given)}};
  if (given.size() > kMostTexts) fields.wrong("inputs", fmt::format("has more than {} entries", kMostTexts));
  Inputs inputs{.batch = true};
  for (const Json& entry : given) inputs.texts.push_back(text_or_pair(fields, entry));
  return inputs;
}

// Computes a classification head's logits for every text; `answer` makes the reply of them.
using Logits = std::vector<std::vector<double>>;
std::shared_ptr<Job> head_job(const std::shared_ptr<Call>& call, std::vector<Encoding> encodings,
                              const std::function<Json(const Logits&)>& answer) {
  const auto texts = std::make_shared<std::vector<Encoding>>(std::move(encodings));
  const auto logits = std::make_shared<Logits>(texts->size());
  ListWork work;
  for (const Encoding& text : *texts) work.tokens.push_back(std::ssize(text.ids));
  work.begin = [texts, logits](std::size_t i, const std::shared_ptr<Sequence>& sequence) {
    sequence->submit(generate::EncodeRequest{.ids = (*texts)[i].ids,
                                             .type_ids = (*texts)[i].type_ids,
                                             .rows = generate::HiddenRows::kClasses,
                                             .on_end = sequence->guarded([logits, i, sequence](const Tensor& row) {
                                               const Tensor scores = row.to(kCpu);
                                               const auto values = scores.data<float>();
                                               (*logits)[i].assign(values.begin(), values.end());
                                               sequence->done();
                                             })});
  };
  work.answer = [logits, answer] { return answer(*logits); };
  return std::make_shared<ListJob>(call, std::move(work));
}

double sigmoid(double logit) { return 1 / (1 + std::exp(-logit)); }

// As TEI: a softmax, or a sigmoid of a single class; with `raw` the logits.
Json prediction(const std::vector<double>& logits, const std::vector<std::string>& labels, bool raw) {
  std::vector<std::pair<double, std::size_t>> scores;
  const double all = tasks::log_sum_exp(logits);
  for (std::size_t l = 0; l < logits.size(); ++l)
    scores.emplace_back(raw ? logits[l] : logits.size() == 1 ? sigmoid(logits[l]) : std::exp(logits[l] - all), l);
  std::ranges::stable_sort(scores, [](const auto& a, const auto& b) { return a.first > b.first; });
  Json list = Json::array();
  for (const auto& [score, label] : scores) list.push_back({{"score", score}, {"label", labels[label]}});
  return list;
}

}  // namespace

std::shared_ptr<Job> tei_predict(const Json& body, const std::shared_ptr<Call>& call) {
  ServedModel& model = call->model();
  Fields fields(body);
  const tasks::Classifier head(model.loaded, {.engine = tasks::Engine::kHead});  // refuses a model without one
  const Inputs inputs = read_predict_inputs(fields);
  const bool raw = fields.flag("raw_scores").value_or(false), truncates = read_truncation(fields, model);
  fields.finish();
  const auto problem = model.loaded.model->config().problem;
  if (!raw && (problem == models::ProblemType::kMultiLabel || problem == models::ProblemType::kRegression))
    throw ApiError(400, "the classes of this model are no alternatives; send \"raw_scores\": true, or use /v1/classify",
                   "raw_scores");
  std::vector<Encoding> encodings;
  for (const TextInput& text : inputs.texts) encodings.push_back(encoding_of(model, text, truncates, "inputs"));
  return head_job(call, std::move(encodings), [labels = head.labels(), raw, batch = inputs.batch](const Logits& all) {
    if (!batch) return prediction(all.front(), labels, raw);
    Json list = Json::array();
    for (const auto& logits : all) list.push_back(prediction(logits, labels, raw));
    return list;
  });
}

std::shared_ptr<Job> tei_rerank(const Json& body, const std::shared_ptr<Call>& call) {
  ServedModel& model = call->model();
  Fields fields(body);
  tasks::check_reranks(model.loaded);
  const Json& query = fields.required("query");
  if (!query.is_string() || query.get<std::string>().empty()) fields.wrong("query", "is not a text");
  const auto texts = read_inputs(fields, "texts");
  const bool raw = fields.flag("raw_scores").value_or(false), shows = fields.flag("return_text").value_or(false);
  const bool truncates = read_truncation(fields, model);
  fields.finish();
  std::vector<Encoding> pairs;
  for (const std::string& text : texts) {
    if (text.empty()) fields.wrong("texts", "has an empty text");
    pairs.push_back(encoding_of(model, {query.get<std::string>(), text}, truncates, "texts"));
  }
  return head_job(call, std::move(pairs), [texts, raw, shows](const Logits& all) {
    std::vector<std::pair<double, std::size_t>> ranks;
    for (std::size_t i = 0; i < all.size(); ++i) ranks.emplace_back(all[i].front(), i);
    std::ranges::stable_sort(ranks, [](const auto& a, const auto& b) { return a.first > b.first; });
    Json list = Json::array();
    for (const auto& [logit, index] : ranks) {
      Json entry{{"index", index}, {"score", raw ? logit : sigmoid(logit)}};
      if (shows) entry["text"] = texts[index];
      list.push_back(std::move(entry));
    }
    return list;
  });
}

std::shared_ptr<Job> tei_embed(const Json& body, const std::shared_ptr<Call>& call) {
  ServedModel& model = call->model();
  Fields fields(body);
  tasks::EmbedWishes wishes{.unit = fields.flag("normalize").value_or(true), .prompt_name = fields.text("prompt_name")};
  tasks::EmbedOptions options = tasks::embed_defaults(model.loaded.files.model, wishes);
  const std::int64_t width = tasks::embedding_width(*model.loaded.model, options);
  options.truncate_dim = fields.integer("dimensions", 1, width).value_or(options.truncate_dim);
  const auto inputs = read_inputs(fields, "inputs");
  const bool truncates = read_truncation(fields, model);
  fields.finish();
  if (!truncates)
    for (const std::string& text : inputs) encoding_of(model, {options.prompt + text}, false, "inputs");
  const auto embedder = std::make_shared<tasks::Embedder>(model.loaded, options);
  const auto vectors = std::make_shared<std::vector<std::vector<float>>>(inputs.size());
  const auto texts = std::make_shared<std::vector<std::vector<std::int32_t>>>();
  ListWork work;
  for (const std::string& text : inputs) {
    texts->push_back(embedder->ids(text));
    work.tokens.push_back(std::ssize(texts->back()));
  }
  work.begin = [embedder, texts, vectors](std::size_t i, const std::shared_ptr<Sequence>& sequence) {
    sequence->submit(generate::EncodeRequest{
        .ids = (*texts)[i], .on_end = sequence->guarded([embedder, vectors, i, sequence](const Tensor& hidden) {
          (*vectors)[i] = embedder->vector_of(hidden);
          sequence->done();
        })});
  };
  work.answer = [vectors] {
    Json list = Json::array();
    for (const auto& vector : *vectors) list.push_back(numbers_json(vector));
    return list;
  };
  return std::make_shared<ListJob>(call, std::move(work));
}

}  // namespace linnet::serve
