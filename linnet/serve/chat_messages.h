// Messages of a chat request, and their tokens: text of a message never becomes a control token of the template.
//
//   const Json messages = read_messages(body["messages"]);
//   const auto ids = message_ids(loaded, messages);
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "linnet/adapt/loaded.h"

namespace linnet::serve {

// Checks roles and contents, joins text parts; "developer" becomes "system". 400 naming the message.
Json read_messages(const Json& list);

// The spellings of the tokenizer's special tokens, longest first.
std::vector<std::string> special_texts(const Tokenizer& tokenizer);

// The rendered conversation as ids. The spelling of a special token in a message is encoded as ordinary text.
std::vector<std::int32_t> message_ids(const Loaded& loaded, const std::vector<std::string>& specials,
                                      const Json& messages, const ChatOptions& options = {});

}  // namespace linnet::serve
