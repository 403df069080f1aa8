// Converts messages to the ids of a chat model's format.
//
//   auto ids = chat_ids(tokenizer, Json::parse(R"([{"role":"user","content":"Hello"}])"));
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "linnet/prompt/chat_template.h"
#include "linnet/tokenizer/tokenizer.h"

namespace linnet::tasks {

// Renders messages with the tokenizer's chat template; empty bos_token and eos_token of `options` are the tokenizer's.
// kBadInput if the model has no template, or the template rejects them.
std::string render_chat(const Tokenizer& tokenizer, const Json& messages, ChatOptions options = {});
// The same, encoded without special tokens, which the template has added.
std::vector<std::int32_t> chat_ids(const Tokenizer& tokenizer, const Json& messages, ChatOptions options = {});

}  // namespace linnet::tasks
