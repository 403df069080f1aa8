// Converts messages to the ids of a chat model's format.
//
//   auto ids = chat_ids(loaded, Json::parse(R"([{"role":"user","content":"Hello"}])"));
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "linnet/adapt/loaded.h"

namespace linnet::tasks {

// Renders messages with the chat template; empty bos_token and eos_token of `options` are the tokenizer's. kBadInput if
// there is no template (null), or it rejects them.
std::string render_chat(const ChatTemplate* chat, const Tokenizer& tokenizer, const Json& messages,
                        ChatOptions options = {});
std::string render_chat(const Loaded& loaded, const Json& messages, ChatOptions options = {});
// The same, encoded without special tokens, which the template has added.
std::vector<std::int32_t> chat_ids(const Loaded& loaded, const Json& messages, ChatOptions options = {});

}  // namespace linnet::tasks
