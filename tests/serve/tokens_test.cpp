// Tokens of texts and back, over a socket.
#include <gtest/gtest.h>

#include "tests/serve/chat_folder.h"
#include "tests/serve/tiny_server.h"

namespace linnet::serve {
namespace {

TEST(TokenRoutes, HaveTheFormsOfTeiAndLlamaCpp) {
  const ChatFolder folder;
  const Loaded loaded = load_pretrained(folder.path());
  const Server server(loaded, TinyServer::tiny_options({}));
  const auto ask = [&](const std::string& path, const Json& body) { return post(server.port(), path, body).json(); };
  const Json placed = ask("/tokenize", {{"inputs", {"w5 w66"}}});
  ASSERT_EQ(placed[0].size(), 3U);
  EXPECT_EQ(dump_json(placed[0][0]), R"({"id":1,"text":"<s>","special":true,"start":null,"stop":null})");
  EXPECT_EQ(placed[0][2]["start"], 3);
  EXPECT_EQ(placed[0][2]["stop"], 6);
  EXPECT_EQ(ask("/tokenize", {{"inputs", "w5"}, {"add_special_tokens", false}})[0].size(), 1U);
  EXPECT_EQ(ask("/tokenize", {{"content", "w5 w6"}})["tokens"], Json::array({5, 6}));
  EXPECT_EQ(ask("/tokenize", {{"content", "w5 w6"}, {"add_special", true}})["tokens"], Json::array({1, 5, 6}));
  EXPECT_EQ(ask("/tokenize", {{"content", "w5"}, {"with_pieces", true}})["tokens"][0]["id"], 5);
  EXPECT_EQ(ask("/detokenize", {{"tokens", {5, 6}}})["content"], "w5 w6");
  EXPECT_EQ(ask("/decode", {{"ids", {1, 5, 6}}}), Json::array({"w5 w6"}));
  EXPECT_EQ(ask("/decode", {{"ids", Json::array({Json::array({5}), Json::array({6})})}}), Json::array({"w5", "w6"}));
  EXPECT_EQ(ask("/apply-template", {{"messages", Json::array({{{"role", "user"}, {"content", "w5"}}})}})["prompt"],
            "<s> w5 </s> <s>");
  for (const char* path : {"/tokenize", "/detokenize", "/decode", "/apply-template"})
    EXPECT_EQ(post(server.port(), path, {{"tokens", "x"}, {"ids", {-1}}}).status, 400) << path;
}

}  // namespace
}  // namespace linnet::serve
