// Messages as the ids a chat model was trained on.
//
//   auto ids = chat_ids(tokenizer, Json::parse(R"([{"role":"user","content":"Hello"}])"));
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "linnet/prompt/chat_template.h"
#include "linnet/tokenizer/tokenizer.h"

namespace linnet::tasks {

// The messages through the tokenizer's chat template; bos_token and eos_token of `options` are the tokenizer's where
// they are empty. kBadInput where the model has no template, or the template refuses.
std::string render_chat(const Tokenizer& tokenizer, const Json& messages, ChatOptions options = {});
// The same, encoded without adding special tokens: the template has written them.
std::vector<std::int32_t> chat_ids(const Tokenizer& tokenizer, const Json& messages, ChatOptions options = {});

}  // namespace linnet::tasks
