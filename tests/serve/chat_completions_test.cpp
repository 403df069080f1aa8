// POST /v1/chat/completions, over a socket.
#include <gmock/gmock.h>

#include "linnet/tasks/chat.h"
#include "linnet/tasks/complete.h"
#include "tests/serve/chat_folder.h"
#include "tests/serve/tiny_server.h"

namespace linnet::serve {
namespace {

using ::testing::HasSubstr;

class ChatCompletions : public ::testing::Test {
 protected:
  Answer ask(const Json& more) const {
    Json body{{"model", "m"}, {"messages", messages_}};
    body.update(more);
    return post(server_.port(), "/v1/chat/completions", body);
  }
  std::string blamed(const Json& more) const {
    const Answer answer = ask(more);
    EXPECT_EQ(answer.status, 400) << answer.body;
    return answer.json()["error"]["param"].get<std::string>();
  }
  ChatFolder folder_;
  const Loaded loaded_ = load_pretrained(folder_.path(), {.dtype = models::WeightType::kF32});
  const Server server_{loaded_, TinyServer::tiny_options({})};
  const Json messages_ = Json::array({{{"role", "user"}, {"content", "w5 w6"}}});
};

TEST_F(ChatCompletions, AreThoseOfTheLibrary) {
  const auto ids = tasks::chat_ids(loaded_, messages_);
  const auto expected = tasks::complete(loaded_, ids, {.overrides = {.max_new_tokens = 6}});
  const Json answer = ask({{"max_completion_tokens", 6}, {"temperature", 0}}).json();
  EXPECT_EQ(answer["object"], "chat.completion");
  EXPECT_EQ(answer["choices"][0]["message"]["content"], expected.text);
  EXPECT_EQ(answer["choices"][0]["message"]["role"], "assistant");
  EXPECT_EQ(answer["usage"]["prompt_tokens"], ids.size());
}

TEST_F(ChatCompletions, StreamTheirTokensWithLogprobs) {
  const Json body{{"max_tokens", 6}, {"temperature", 0}, {"logprobs", true}, {"top_logprobs", 2}};
  const Json whole = ask(body).json()["choices"][0];
  Json streaming = body;
  streaming["stream"] = true;
  const Answer answer = ask(streaming);
  std::string text, finish;
  Json content = Json::array();
  std::size_t at = 0;
  for (std::size_t end = 0; (end = answer.body.find("\n\n", at)) != std::string::npos; at = end + 2) {
    const std::string event = answer.body.substr(at + 6, end - at - 6);
    if (event == "[DONE]") continue;
    const Json choice = parse_json(event, "event")["choices"][0];
    if (choice["delta"].contains("content")) text += choice["delta"]["content"].get<std::string>();
    if (!choice["logprobs"].is_null())
      for (const Json& token : choice["logprobs"]["content"]) content.push_back(token);
    if (!choice["finish_reason"].is_null()) finish = choice["finish_reason"];
  }
  EXPECT_EQ(text, whole["message"]["content"]);
  EXPECT_EQ(content, whole["logprobs"]["content"]);
  EXPECT_EQ(finish, whole["finish_reason"]);
  for (const Json& token : content) EXPECT_EQ(token["top_logprobs"].size(), 2U);
}

TEST_F(ChatCompletions, RefuseWhatTheyDoNotDoByName) {
  EXPECT_EQ(blamed({{"tools", Json::array({1})}}), "tools");
  EXPECT_EQ(blamed({{"response_format", {{"type", "json_object"}}}}), "response_format");
  EXPECT_EQ(blamed({{"top_logprobs", 2}}), "top_logprobs");
  EXPECT_EQ(blamed({{"chat_template", "x"}}), "chat_template");
  EXPECT_EQ(blamed({{"max_tokens", 3}, {"max_completion_tokens", 4}}), "max_tokens");
  EXPECT_EQ(ask({{"response_format", {{"type", "text"}}}, {"max_tokens", 2}, {"user", "a"}}).status, 200);
  EXPECT_EQ(TinyServer("llama/causal").post("/v1/chat/completions", {{"messages", messages_}}).status, 400)
      << "no template";
}

}  // namespace
}  // namespace linnet::serve
