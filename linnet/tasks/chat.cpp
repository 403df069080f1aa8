#include "linnet/tasks/chat.h"

#include "linnet/base/error.h"
#include "linnet/tasks/prompt_ids.h"

namespace linnet::tasks {

std::string render_chat(const ChatTemplate* chat, const Tokenizer& tokenizer, const Json& messages,
                        ChatOptions options) {
  check(chat != nullptr, ErrorKind::kBadInput, "[chat] the model has no chat template; leave {} out", option("chat"));
  const auto fill = [&](std::string& token, std::optional<std::int32_t> id) {
    if (token.empty() && id) token = tokenizer.id_to_token(*id);
  };
  fill(options.bos_token, tokenizer.bos_id());
  fill(options.eos_token, tokenizer.eos_id());
  return chat->render(messages, options);
}

std::string render_chat(const Loaded& loaded, const Json& messages, ChatOptions options) {
  return render_chat(loaded.chat_template(), loaded.tokenizer(), messages, std::move(options));
}

std::vector<std::int32_t> chat_ids(const Loaded& loaded, const Json& messages, ChatOptions options) {
  return prompt_ids(loaded.tokenizer(), render_chat(loaded, messages, std::move(options)), Opening::kWritten);
}

}  // namespace linnet::tasks
