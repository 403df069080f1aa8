// What the assistant says in a chat, as bytes of the text that the chat template makes of it. A template may write a
// turn in another way than its generation prompt begins it, mark the last turn only, or drop what was thought: the
// answers are found by rendering the chat again with marks in their place.
//
//   AssistantText chat = find_assistant_text(template, messages, options);
//   chat.text, chat.spans   // only these bytes are to be learned
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
  std::vector<TextSpan> spans;  // none: no turn of the assistant, or its place could not be found
};

// A span has the answer, what the assistant writes before it of its own (an empty thought, say), and the mark that ends
// a turn. `options.add_generation_prompt` is not used.
AssistantText find_assistant_text(const ChatTemplate& chat, const Json& messages, ChatOptions options);

}  // namespace linnet
