// POST /v1/score, over a socket.
#include <gtest/gtest.h>

#include "linnet/tasks/score_texts.h"
#include "tests/serve/tiny_server.h"

namespace linnet::serve {
namespace {

TEST(ScoreRoute, GivesTheJsonOfTheCommandLine) {
  const TinyServer tiny("llama/causal");
  const std::vector<std::string> continuations{" w7", " w8 w10"};
  const auto expected = tasks::score_texts(tiny.loaded, {{"w5 w6", continuations}, {"w9", {" w5"}}});
  const Json one = tiny.post("/v1/score", {{"prompt", "w5 w6"}, {"continuations", continuations}}).json();
  EXPECT_EQ(one["scores"], tasks::scores_json(continuations, expected[0]));
  const Json two = tiny.post("/v1/score", {{"requests",
                                            {{{"prompt", "w5 w6"}, {"continuations", continuations}},
                                             {{"prompt", "w9"}, {"continuations", " w5"}}}}})
                       .json();
  EXPECT_EQ(two["data"][0]["scores"], one["scores"]);
  EXPECT_EQ(two["data"][1]["scores"], tasks::scores_json({" w5"}, expected[1]));
}

TEST(ScoreRoute, RefusesWrongInput) {
  const TinyServer tiny("llama/causal");
  for (const Json& body :
       {Json{{"prompt", "w5"}}, Json{{"continuations", "w5"}}, Json{{"prompt", 1}, {"continuations", "w5"}},
        Json{{"prompt", "w5"}, {"continuations", ""}}, Json{{"requests", Json::array()}},
        Json{{"prompt", "w5"}, {"continuations", " w6"}, {"normalize", "tokens"}}})
    EXPECT_EQ(tiny.post("/v1/score", body).status, 400) << dump_json(body);
  EXPECT_EQ(TinyServer("bert/classifier").post("/v1/score", {{"prompt", "w5"}, {"continuations", " w6"}}).status, 400);
}

}  // namespace
}  // namespace linnet::serve
