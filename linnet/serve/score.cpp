// POST /v1/score
#include <fmt/format.h>

#include "linnet/serve/generation_fields.h"
#include "linnet/serve/list_job.h"
#include "linnet/serve/routes.h"
#include "linnet/tasks/score_texts.h"

namespace linnet::serve {
namespace {

struct Asked {
  std::vector<std::string> continuations;
  generate::ScoreRequest request;
  std::vector<generate::Score> scores;
};

// {"prompt", "continuations"}, or a list of these in "requests".
std::vector<Asked> read_requests(Fields& fields, const ServedModel& model) {
  std::vector<tasks::PromptedTexts> texts;
  const auto read = [&](Fields& one) {
    const Json& prompt = one.required("prompt");
    if (!prompt.is_string()) one.wrong("prompt", "is not a text");
    texts.push_back({prompt.get<std::string>(), read_inputs(one, "continuations")});
  };
  const Json* list = fields.value("requests");
  if (list == nullptr) read(fields);
  if (list != nullptr) {
    if (!list->is_array() || list->empty() || list->size() > kMostTexts)
      fields.wrong("requests", fmt::format("is not a list of 1 to {} requests", kMostTexts));
    for (std::size_t i = 0; i < list->size(); ++i) {
      Fields one((*list)[i], fmt::format("requests[{}].", i));
      read(one);
      one.finish();
    }
  }
  std::vector<Asked> asked;
  for (std::size_t i = 0; i < texts.size(); ++i)
    with_place("requests", i, texts.size(), [&] {
      tasks::TextScoring made = tasks::text_scoring(model.loaded, texts[i]);
      asked.push_back({texts[i].continuations, std::move(made.request), {}});
    });
  return asked;
}

std::int64_t tokens_of(const generate::ScoreRequest& request) {
  std::int64_t count = std::ssize(request.prompt) + std::ssize(request.encoder_ids);
  for (const auto& continuation : request.continuations) count += std::ssize(continuation);
  return count;
}

}  // namespace

std::shared_ptr<Job> score(const Json& body, const std::shared_ptr<Call>& call) {
  ServedModel& model = call->model();
  Fields fields(body);
  read_model(fields, model);
  model.require_text();
  const bool single = fields.value("requests") == nullptr;
  const auto asked = std::make_shared<std::vector<Asked>>(read_requests(fields, model));
  fields.ignore({"user"});
  fields.finish();
  ListWork work;
  std::int64_t all = 0;
  for (const Asked& one : *asked) {
    work.tokens.push_back(tokens_of(one.request));
    all += work.tokens.back();
  }
  work.begin = [asked](std::size_t i, const std::shared_ptr<Sequence>& sequence) {
    generate::ScoreRequest request = (*asked)[i].request;
    request.on_end = sequence->guarded([asked, i, sequence](const std::vector<generate::Score>& scores) {
      (*asked)[i].scores = scores;
      sequence->done();
    });
    sequence->submit(std::move(request));
  };
  work.answer = [asked, all, single, name = model.name]() -> Json {
    Json answer{{"object", "list"}, {"model", name}};
    Json data = Json::array();
    for (std::size_t i = 0; i < asked->size(); ++i) {
      const Asked& one = (*asked)[i];
      data.push_back({{"index", i}, {"scores", tasks::scores_json(one.continuations, one.scores)}});
    }
    if (single)
      answer["scores"] = data.front()["scores"];
    else
      answer["data"] = std::move(data);
    answer["usage"] = input_usage(all);
    return answer;
  };
  return std::make_shared<ListJob>(call, std::move(work));
}

}  // namespace linnet::serve
