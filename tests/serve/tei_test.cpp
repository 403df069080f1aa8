// The routes of text-embeddings-inference, over a socket.
#include <gtest/gtest.h>

#include <cmath>

#include "linnet/tasks/classify.h"
#include "linnet/tasks/embed.h"
#include "linnet/tasks/rerank.h"
#include "tests/serve/tiny_server.h"

namespace linnet::serve {
namespace {

TEST(Tei, PredictsTextsPairsAndBatches) {
  const TinyServer tiny("bert/classifier");
  const tasks::Classifier head(tiny.loaded, {});
  const std::vector<tasks::TextInput> inputs{{"w5 w6"}, {"w7", "w8"}};
  const auto expected = head.classify(inputs);
  const Json batch =
      tiny.post("/predict", {{"inputs", Json::array({Json::array({"w5 w6"}), Json::array({"w7", "w8"})})}}).json();
  ASSERT_EQ(batch.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t l = 0; l < expected[i].scores.size(); ++l) {
      EXPECT_EQ(batch[i][l]["label"], expected[i].scores[l].label);
      EXPECT_NEAR(batch[i][l]["score"].get<double>(), expected[i].scores[l].score, 1e-12);
    }
  EXPECT_EQ(tiny.post("/predict", {{"inputs", "w5 w6"}}).json(), batch[0]);
  EXPECT_EQ(tiny.post("/predict", {{"inputs", {"w7", "w8"}}}).json(), batch[1]) << "two texts are a pair";
  const Json raw = tiny.post("/predict", {{"inputs", "w5 w6"}, {"raw_scores", true}}).json();
  EXPECT_NEAR(raw[0]["score"].get<double>() - raw[1]["score"].get<double>(),
              expected[0].scores[0].logprob - expected[0].scores[1].logprob, 1e-6);
}

TEST(Tei, RefusesInItsShape) {
  const TinyServer tiny("bert/classifier");
  for (const Json& body :
       {Json{{"inputs", 1}}, Json{{"inputs", {"a", "b", "c"}}}, Json::object(), Json{{"inputs", "w5"}, {"x", 1}}}) {
    const Answer answer = tiny.post("/predict", body);
    EXPECT_EQ(answer.status, 400) << dump_json(body);
    EXPECT_EQ(answer.json()["error_type"], "Validation");
  }
  std::string text = "w5";
  for (int i = 0; i < 200; ++i) text += " w6";
  EXPECT_EQ(tiny.post("/predict", {{"inputs", text}}).status, 413);
  EXPECT_EQ(tiny.post("/predict", {{"inputs", text}, {"truncate", true}}).status, 200);
  EXPECT_EQ(TinyServer("llama/causal").post("/predict", {{"inputs", "w5"}}).status, 400) << "no head";
}

TEST(Tei, EmbedsWithLengthOneUnlessAskedOtherwise) {
  const TinyServer tiny("bert/masked");
  const auto expected = tasks::embed(tiny.loaded, std::vector<std::string>{"w5 w6", "w7"});
  const Json plain = tiny.post("/embed", {{"inputs", {"w5 w6", "w7"}}, {"normalize", false}}).json();
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(plain[i].get<std::vector<float>>(), expected[i]);
  double sum = 0;
  const Json unit = tiny.post("/embed", {{"inputs", "w7"}}).json();
  for (const Json& x : unit[0]) sum += x.get<double>() * x.get<double>();
  EXPECT_NEAR(sum, 1, 1e-6);
}

TEST(Tei, RanksBestFirst) {
  const TinyServer tiny("tasks/cross-encoder");
  const std::vector<std::string> texts{"the ferry left", "an oven", "the sun was up"};
  const auto expected = tasks::rerank_scores(tiny.loaded, "who left", texts);
  const Json ranks = tiny.post("/rerank", {{"query", "who left"}, {"texts", texts}, {"return_text", true}}).json();
  ASSERT_EQ(ranks.size(), 3U);
  for (const Json& rank : ranks) {
    const auto index = rank["index"].get<std::size_t>();
    EXPECT_NEAR(rank["score"].get<double>(), expected[index], 1e-12);
    EXPECT_EQ(rank["text"], texts[index]);
  }
  EXPECT_GE(ranks[0]["score"].get<double>(), ranks[1]["score"].get<double>());
  EXPECT_EQ(tiny.get("/info").json()["model_type"], "bert");
}

}  // namespace
}  // namespace linnet::serve
