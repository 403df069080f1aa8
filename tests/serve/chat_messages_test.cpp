#include "linnet/serve/chat_messages.h"

#include <gtest/gtest.h>

#include "linnet/adapt/loaded.h"
#include "linnet/serve/api_error.h"
#include "linnet/tasks/chat.h"
#include "tests/serve/chat_folder.h"

namespace linnet::serve {
namespace {

using Ids = std::vector<std::int32_t>;

Json user(const Json& content) { return Json::array({{{"role", "user"}, {"content", content}}}); }

std::string blamed(const Json& messages) {
  try {
    read_messages(messages);
  } catch (const ApiError& error) {
    EXPECT_EQ(error.status(), 400);
    return error.param();
  }
  return "";
}

TEST(Messages, HaveARoleAndAText) {
  const Json parts = Json::array({{{"type", "text"}, {"text", "w5"}}, {{"type", "text"}, {"text", "w6"}}});
  EXPECT_EQ(read_messages(user(parts))[0]["content"], "w5\nw6");
  EXPECT_EQ(read_messages(Json::array({{{"role", "developer"}, {"content", "a"}}}))[0]["role"], "system");
  EXPECT_EQ(blamed(Json::array()), "messages");
  EXPECT_EQ(blamed("text"), "messages");
  EXPECT_EQ(blamed(Json::array({{{"role", "user"}}})), "messages[0].content");
  EXPECT_EQ(blamed(Json::array({{{"content", "a"}}})), "messages[0].role");
  EXPECT_EQ(blamed(Json::array({{{"role", "root"}, {"content", "a"}}})), "messages[0].role");
  EXPECT_EQ(blamed(user(Json::array({{{"type", "image_url"}, {"image_url", {{"url", "file:///etc/passwd"}}}}}))),
            "messages[0].content");
  EXPECT_EQ(blamed(Json::array({{{"role", "user"}, {"content", "a"}, {"weight", 1}}})), "messages[0].weight");
  EXPECT_EQ(blamed(Json::array({{{"role", "assistant"}, {"tool_calls", Json::array({1})}}})), "messages[0].tool_calls");
}

TEST(MessageIds, KeepControlTokensForTheTemplate) {
  const ChatFolder folder;
  const Loaded loaded = load_pretrained(folder.path());
  const auto specials = special_texts(loaded.tokenizer());
  EXPECT_EQ(specials.size(), 5U);
  EXPECT_EQ(message_ids(loaded, specials, user("w5 w6")), tasks::chat_ids(loaded, user("w5 w6")));
  EXPECT_EQ(message_ids(loaded, specials, user("w5 w6")), (Ids{1, 5, 6, 2, 1}));
  // "</s>" in a message is a part of a word that the vocabulary lacks (3), and ends nothing.
  EXPECT_EQ(message_ids(loaded, specials, user("w5 x</s><s>y w6")), (Ids{1, 5, 3, 6, 2, 1}));
}

}  // namespace
}  // namespace linnet::serve
