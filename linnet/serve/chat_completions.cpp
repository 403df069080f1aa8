// POST /v1/chat/completions
#include "linnet/serve/chat_messages.h"
#include "linnet/serve/openai_text.h"
#include "linnet/serve/routes.h"

namespace linnet::serve {
namespace {

// What a chat request may say besides its messages, and this server does not do.
void refuse_chat_fields(Fields& fields) {
  fields.refuse("tools", Json::array(), "tools are not served yet");
  fields.refuse("functions", Json::array(), "tools are not served yet");
  fields.refuse("tool_choice", Json("none"), "tools are not served yet");
  fields.refuse("function_call", Json("none"), "tools are not served yet");
  fields.refuse("response_format", Json{{"type", "text"}}, "only {\"type\": \"text\"} is served yet");
  fields.refuse("modalities", Json::array({"text"}), "this server writes text only");
  fields.refuse("store", Json(false), "nothing is stored");
  fields.ignore({"parallel_tool_calls"});
}

// Without a limit, a chat may fill the context.
std::int64_t new_tokens(Fields& fields, const ServedModel& model, std::size_t prompt) {
  const auto current = fields.integer("max_completion_tokens", 1, kMostNewTokens);
  const auto old = fields.integer("max_tokens", 1, kMostNewTokens);
  if (current && old && *current != *old) fields.wrong("max_tokens", "differs from max_completion_tokens; send one");
  if (current || old) return current ? *current : *old;
  constexpr std::int64_t kWithoutContext = 4096;
  const std::int64_t context = model.loaded.model->context();
  return context > 0 ? context - static_cast<std::int64_t>(prompt) : kWithoutContext;
}

}  // namespace

std::shared_ptr<Job> chat_completions(const Json& body, const std::shared_ptr<Call>& call) {
  ServedModel& model = call->model();
  Fields fields(body);
  read_model(fields, model);
  model.require_text();
  if (model.loaded.chat_template() == nullptr)
    throw ApiError(400, "this model has no chat template; use /v1/completions", "messages");
  const Json messages = read_messages(fields.required("messages"));
  TextRequest request;
  request.prompts.push_back({.ids = message_ids(model.loaded, model.specials, messages)});
  const std::size_t tokens = request.prompts.front().ids.size();
  model.check_prompt(tokens, "messages");
  const bool logprobs = fields.flag("logprobs").value_or(false);
  const auto top = fields.integer("top_logprobs", 0, kMostTopLogprobs);
  if (top && !logprobs) fields.wrong("top_logprobs", "needs 'logprobs'");
  if (logprobs) request.logprobs = top.value_or(0);
  const StreamWish wish = read_stream(fields);
  read_generation(fields, model, new_tokens(fields, model, tokens), request);
  refuse_chat_fields(fields);
  fields.finish();
  const TextForm form{.chat = true, .wish = wish, .logprobs = logprobs, .choices = request.n};
  return std::make_shared<TextJob>(model, call->metrics(), std::move(request), openai_sink(call, form));
}

}  // namespace linnet::serve
