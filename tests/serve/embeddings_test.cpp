// POST /v1/embeddings, over a socket.
#include <gtest/gtest.h>

#include "linnet/base/base64.h"
#include "linnet/tasks/embed.h"
#include "tests/serve/tiny_server.h"

namespace linnet::serve {
namespace {

TEST(Embeddings, AreThoseOfTheLibraryInBothEncodings) {
  const TinyServer tiny("bert/masked");
  const std::vector<std::string> texts{"w5 w6 w7", "w8"};
  const auto expected = tasks::embed(tiny.loaded, texts, tasks::embed_defaults(tiny.loaded.files.model));
  const Json answer = tiny.post("/v1/embeddings", {{"model", "m"}, {"input", texts}}).json();
  ASSERT_EQ(answer["data"].size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(answer["data"][i]["embedding"].get<std::vector<float>>(), expected[i]);
  EXPECT_EQ(answer["usage"]["prompt_tokens"], 8) << "with [CLS] and [SEP]";
  const Json encoded = tiny.post("/v1/embeddings", {{"input", "w8"}, {"encoding_format", "base64"}}).json();
  EXPECT_EQ(encoded["data"][0]["embedding"], base64_floats(expected[1]));
  const Json ids = tiny.post("/v1/embeddings", {{"input", Json::array({Json::array({1, 8, 2})})}}).json();
  EXPECT_EQ(ids["data"][0]["embedding"].get<std::vector<float>>(), expected[1]);
  const Json cut = tiny.post("/v1/embeddings", {{"input", "w8"}, {"dimensions", 3}}).json();
  EXPECT_EQ(cut["data"][0]["embedding"].get<std::vector<float>>(),
            std::vector(expected[1].begin(), expected[1].begin() + 3));
}

TEST(Embeddings, RefuseWrongInput) {
  const TinyServer tiny("bert/masked");
  for (const Json& input :
       {Json(), Json::array(), Json::object(), Json(1), Json::array({Json::array({Json::array({1})})}),
        Json::array({"w5", 1}), Json::array({-1}), Json::array({1.5}), Json::array({100000})})
    EXPECT_EQ(tiny.post("/v1/embeddings", {{"input", input}}).status, 400) << dump_json(input);
  std::string text = "w5";
  for (int i = 0; i < 200; ++i) text += " w6";
  EXPECT_EQ(tiny.post("/v1/embeddings", {{"input", text}}).json()["error"]["code"], "context_length_exceeded");
  EXPECT_EQ(tiny.post("/v1/embeddings", {{"input", "w5"}, {"dimensions", 100000}}).status, 400);
  EXPECT_EQ(tiny.post("/v1/embeddings", {{"input", "w5"}, {"encoding_format", "hex"}}).status, 400);
}

}  // namespace
}  // namespace linnet::serve
