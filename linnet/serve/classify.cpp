// POST /v1/classify
#include "linnet/tasks/classify.h"

#include <algorithm>

#include "linnet/serve/generation_fields.h"
#include "linnet/serve/list_job.h"
#include "linnet/serve/routes.h"
#include "linnet/tasks/classify_json.h"

namespace linnet::serve {
namespace {

using tasks::Classification;
using tasks::Classifier;

constexpr std::size_t kMostLabels = 1000;

// A template of a request is text or a shipped name; no file is opened.
PromptTemplate template_of(Fields& fields, const std::string& text) {
  const auto names = PromptTemplate::shipped_names();
  const auto shipped = [&](const std::string& name) { return name == text || name.substr(0, name.find('@')) == text; };
  if (std::ranges::any_of(names, shipped)) return PromptTemplate::parse(text);
  if (text.find("{{") == text.npos)
    fields.wrong("template", "is neither a shipped name nor text with a slot {{ text }}");
  return PromptTemplate::from_source(text, "template");
}

tasks::ClassifyOptions classify_fields(Fields& fields) {
  tasks::ClassifyOptions o;
  o.labels = fields.texts("labels", kMostLabels);
  o.label_words = fields.texts("label_words", kMostLabels);
  o.engine = tasks::engine_named(fields.choice("engine", {"auto", "score", "generate", "mask", "nli", "head"}));
  o.normalize = tasks::normalize_named(fields.choice("normalize", {"sum", "tokens", "chars", "bytes"}));
  const auto prompt = fields.text("template"), hypothesis = fields.text("hypothesis_template");
  if (prompt && hypothesis) fields.wrong("hypothesis_template", "and 'template' are both there; send one");
  if (prompt) o.prompt = template_of(fields, *prompt);
  if (hypothesis) o.prompt = tasks::hypothesis_template(*hypothesis);
  o.multi_label = fields.flag("multi_label").value_or(false);
  o.chat = fields.flag("chat").value_or(false);
  o.abstain_below = fields.number("abstain_below", 0, 1).value_or(0);
  fields.refuse("calibration", Json("none"), "it is not served yet");
  return o;
}

struct Texts {
  Texts(const Loaded& loaded, tasks::ClassifyOptions options) : classifier(loaded, std::move(options)) {}
  Classifier classifier;
  std::vector<Classifier::Prepared> prepared;
  std::vector<Classification> answers;
};

}  // namespace

std::shared_ptr<Job> classify(const Json& body, const std::shared_ptr<Call>& call) {
  ServedModel& model = call->model();
  Fields fields(body);
  read_model(fields, model);
  const auto inputs = read_inputs(fields, "input");
  const auto texts = std::make_shared<Texts>(model.loaded, classify_fields(fields));
  const auto top_k = fields.integer("top_k", 1, INT32_MAX).value_or(0);
  fields.ignore({"user"});
  fields.finish();
  for (std::size_t i = 0; i < inputs.size(); ++i)
    with_place("input", i, inputs.size(), [&] { texts->prepared.push_back(texts->classifier.prepare({inputs[i]})); });
  Classifier::share_prefix(texts->prepared);
  texts->answers.resize(inputs.size());
  ListWork work;
  std::int64_t all = 0;
  const bool generates = texts->classifier.engine() == tasks::Engine::kGenerate;
  for (const Classifier::Prepared& text : texts->prepared) {
    work.tokens.push_back(generates ? 0 : text.tokens() - text.request.shared);
    all += text.tokens();
  }
  work.begin = [texts](std::size_t i, const std::shared_ptr<Sequence>& sequence) {
    const auto on_answer = sequence->guarded([texts, i, sequence](const Classification& answer) {
      texts->answers[i] = answer;
      sequence->done();
    });
    for (const auto id : texts->classifier.submit(sequence->engine(), texts->prepared[i], on_answer)) sequence->add(id);
  };
  work.answer = [texts, all, top_k, name = model.name]() -> Json {
    Json data = Json::array();
    for (std::size_t i = 0; i < texts->answers.size(); ++i) {
      Json entry{{"index", i}};
      entry.update(tasks::classification_json(texts->answers[i], top_k));
      data.push_back(std::move(entry));
    }
    Json answer{{"object", "list"}, {"model", name}, {"data", std::move(data)}, {"usage", input_usage(all)}};
    if (texts->classifier.has_cut()) answer["truncated"] = true;
    return answer;
  };
  return std::make_shared<ListJob>(call, std::move(work));
}

}  // namespace linnet::serve
