#include "linnet/prompt/chat_template.h"

#include "linnet/base/error.h"
#include "linnet/jinja/template.h"

namespace linnet {

namespace {

// Copies a turn's reasoning to every name that templates use, like Transformers 5 (_alias_reasoning_fields).
Json with_reasoning(Json messages) {
  if (!messages.is_array()) return messages;
  for (Json& message : messages) {
    if (!message.is_object()) continue;
    for (const char* name : {"reasoning_content", "thinking", "reasoning"}) {
      if (!message.contains(name) || message.at(name).is_null()) continue;
      const Json reasoning = message.at(name);
      Json aliased{{"thinking", reasoning}};
      for (const auto& [key, value] : message.items()) aliased[key] = value;
      aliased["reasoning_content"] = reasoning;
      message = std::move(aliased);
      break;
    }
  }
  return messages;
}

}  // namespace

ChatTemplate::ChatTemplate(std::string source, std::string place)
    : template_(std::make_shared<const jinja::Template>(std::move(source), std::move(place))) {}

const std::string& ChatTemplate::source() const { return template_->source(); }

std::string ChatTemplate::render(const Json& messages, const ChatOptions& options) const {
  jinja::Template::Names names;
  try {
    names = {{"messages", jinja::from_json(with_reasoning(messages))},
             {"tools", jinja::from_json(options.tools)},
             {"documents", jinja::from_json(options.documents)},
             {"add_generation_prompt", jinja::Value(options.add_generation_prompt)},
             {"bos_token", jinja::Value(options.bos_token)},
             {"eos_token", jinja::Value(options.eos_token)}};
    if (options.extra.is_object())
      for (const auto& [name, value] : options.extra.items()) names.emplace_back(name, jinja::from_json(value));
  } catch (const jinja::Fault& mistake) {
    fail(ErrorKind::kBadInput, "{}: the messages: {}; correct them", template_->place(), printable(mistake.what()));
  }
  return template_->render(names, {.now = options.now});
}

}  // namespace linnet
