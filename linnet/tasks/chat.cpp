#include "linnet/tasks/chat.h"

#include "linnet/base/error.h"
#include "linnet/tasks/prompt_ids.h"

namespace linnet::tasks {

std::string render_chat(const Tokenizer& tokenizer, const Json& messages, ChatOptions options) {
  const auto source = tokenizer.chat_template();
  check(source.has_value(), ErrorKind::kBadInput, "[chat] the model has no chat template; leave {} out",
        option("chat"));
  const auto fill = [&](std::string& token, std::optional<std::int32_t> id) {
    if (token.empty() && id) token = tokenizer.id_to_token(*id);
  };
  fill(options.bos_token, tokenizer.bos_id());
  fill(options.eos_token, tokenizer.eos_id());
  return ChatTemplate(*source, tokenizer.chat_template_place()).render(messages, options);
}

std::vector<std::int32_t> chat_ids(const Tokenizer& tokenizer, const Json& messages, ChatOptions options) {
  return prompt_ids(tokenizer, render_chat(tokenizer, messages, std::move(options)), Opening::kWritten);
}

}  // namespace linnet::tasks
