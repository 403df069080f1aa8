// Finds the assistant's answers in the rendered text of a chat. A template may render a turn differently from its
// generation prompt, mark only the last turn, or drop thoughts: so the chat is rendered again with marks in place of
// the answers.
//
//   AssistantText chat = find_assistant_text(template, messages, options);
//   chat.text, chat.spans   // only these bytes are targets
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "linnet/prompt/chat_template.h"

namespace linnet {

struct TextSpan {
  std::size_t begin, end;  // bytes
  friend bool operator==(const TextSpan&, const TextSpan&) = default;
};

struct AssistantText {
  std::string text;
  std::vector<TextSpan> spans;  // empty: no turn of the assistant, or its position was not found
};

// A span has the answer, text that the assistant generates before it (such as an empty thought), and the end-of-turn
// mark. `options.add_generation_prompt` is not used.
AssistantText find_assistant_text(const ChatTemplate& chat, const Json& messages, ChatOptions options);

}  // namespace linnet
