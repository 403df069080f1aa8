// POST /v1/completions, over a socket.
#include <gmock/gmock.h>

#include <thread>

#include "linnet/tasks/complete.h"
#include "tests/serve/tiny_server.h"

namespace linnet::serve {
namespace {

using ::testing::HasSubstr;

class Completions : public ::testing::Test {
 protected:
  Json ask(Json body) const {
    const Answer answer = tiny_.post("/v1/completions", body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.json();
  }
  // The parameter that a 400 blames.
  std::string blamed(const Json& body) const {
    const Answer answer = tiny_.post("/v1/completions", body);
    EXPECT_EQ(answer.status, 400) << answer.body;
    return answer.json()["error"]["param"].is_string() ? answer.json()["error"]["param"].get<std::string>() : "";
  }
  // The texts of the events of a stream, by choice.
  static std::vector<std::string> streamed(const Answer& answer, std::size_t choices) {
    std::vector<std::string> texts(choices);
    std::size_t at = 0;
    for (std::size_t end = 0; (end = answer.body.find("\n\n", at)) != std::string::npos; at = end + 2) {
      const std::string event = answer.body.substr(at, end - at);
      EXPECT_TRUE(event.starts_with("data: ")) << event;
      if (event == "data: [DONE]") continue;
      const Json json = parse_json(event.substr(6), "event");
      for (const Json& choice : json["choices"])
        texts[choice["index"].get<std::size_t>()] += choice["text"].get<std::string>();
    }
    EXPECT_TRUE(answer.body.ends_with("data: [DONE]\n\n")) << answer.body;
    return texts;
  }
  TinyServer tiny_{"llama/causal"};
};

TEST_F(Completions, AreThoseOfTheLibrary) {
  const auto expected = tasks::complete(tiny_.loaded, "w5 w6 w7", {.overrides = {.max_new_tokens = 12}});
  const Json answer = ask({{"model", "m"}, {"prompt", "w5 w6 w7"}, {"max_tokens", 12}, {"temperature", 0}});
  const Json& choice = answer["choices"][0];
  EXPECT_EQ(choice["text"], expected.text);
  const bool stopped = expected.generation.finish == generate::FinishReason::kStop;
  EXPECT_EQ(choice["finish_reason"], stopped ? "stop" : "length");
  EXPECT_EQ(answer["object"], "text_completion");
  EXPECT_EQ(answer["usage"]["prompt_tokens"], 4);
  EXPECT_EQ(answer["usage"]["completion_tokens"], expected.generation.ids.size());
  EXPECT_TRUE(choice["logprobs"].is_null());
  // The same prompt as ids, and in a batch with others.
  EXPECT_EQ(ask({{"prompt", {1, 5, 6, 7}}, {"max_tokens", 12}, {"temperature", 0}})["choices"][0]["text"],
            expected.text);
  const Json batch = ask({{"prompt", {"w9", "w5 w6 w7"}}, {"max_tokens", 12}, {"temperature", 0}});
  ASSERT_EQ(batch["choices"].size(), 2U);
  EXPECT_EQ(batch["choices"][1]["text"], expected.text);
}

TEST_F(Completions, StreamTheSameText) {
  Json body{{"prompt", {"w5 w6", "w9 w10"}}, {"max_tokens", 10}, {"seed", 3}, {"n", 2}};
  const Json whole = ask(body);
  body["stream"] = true;
  body["stream_options"] = {{"include_usage", true}};
  const Answer answer = tiny_.post("/v1/completions", body);
  EXPECT_THAT(answer.head, HasSubstr("text/event-stream"));
  const auto texts = streamed(answer, 4);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(whole["choices"][i]["text"], texts[i]) << i;
  EXPECT_THAT(answer.body, HasSubstr("\"usage\":{\"prompt_tokens\":6"));
  EXPECT_NE(texts[0], texts[1]) << "choices of a prompt differ";
  EXPECT_EQ(ask({{"prompt", {"w5 w6", "w9 w10"}}, {"max_tokens", 10}, {"seed", 3}, {"n", 2}})["choices"],
            whole["choices"]);
}

TEST_F(Completions, WithoutASeedAreThoseOfTheServersSeed) {
  const Json body{{"prompt", "w5 w6"}, {"max_tokens", 10}};
  Json seeded = body;
  seeded["seed"] = 3;
  const TinyServer fixed("llama/causal", {.scheduler = {.seed = 3}});
  EXPECT_EQ(fixed.post("/v1/completions", body).json()["choices"], ask(seeded)["choices"]);
  EXPECT_NE(ask(body)["choices"], ask(body)["choices"]);
}

TEST_F(Completions, EchoScoresThePromptsTokens) {
  const Json answer = ask({{"prompt", "w5 w6 w7"}, {"max_tokens", 0}, {"echo", true}, {"logprobs", 2}});
  const Json& choice = answer["choices"][0];
  EXPECT_EQ(choice["text"], "w5 w6 w7");
  EXPECT_EQ(choice["logprobs"]["tokens"].size(), 4U);
  const Json& values = choice["logprobs"]["token_logprobs"];
  EXPECT_TRUE(values[0].is_null());
  const std::vector<std::int32_t> ids{1, 5, 6, 7};
  for (std::size_t i = 1; i < ids.size(); ++i) {
    const std::vector<std::int32_t> before(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_NEAR(values[i].get<double>(), tasks::logprob_of(*tiny_.loaded.model, before, {ids[i]}), 1e-4);
    const Json& top = choice["logprobs"]["top_logprobs"][i];
    EXPECT_GE(top.size(), 2U);
    EXPECT_LE(top.size(), 3U) << "two, and the token itself";
    EXPECT_EQ(top[choice["logprobs"]["tokens"][i].get<std::string>()], values[i]);
  }
  EXPECT_EQ(choice["logprobs"]["text_offset"], Json::array({0, 0, 2, 5}));
  EXPECT_EQ(answer["usage"]["completion_tokens"], 0);
}

TEST_F(Completions, LogprobsAreTheSameForEveryWayToAskForThem) {
  const Json plain = ask({{"prompt", "w5 w6"}, {"max_tokens", 5}, {"temperature", 0}, {"logprobs", 1}})["choices"][0];
  ASSERT_EQ(plain["logprobs"]["tokens"].size(), 5U);
  std::string prompt = "w5 w6" + plain["text"].get<std::string>();
  const Json echo =
      ask({{"prompt", "w5 w6"}, {"max_tokens", 5}, {"temperature", 0}, {"logprobs", 1}, {"echo", true}})["choices"][0];
  EXPECT_EQ(echo["text"], prompt);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(echo["logprobs"]["token_logprobs"][3 + i], plain["logprobs"]["token_logprobs"][i]);
    EXPECT_EQ(echo["logprobs"]["text_offset"][3 + i].get<int>(), plain["logprobs"]["text_offset"][i].get<int>() + 5);
  }
}

TEST_F(Completions, EndAtAStopText) {
  const Json plain = ask({{"prompt", "w5 w6 w7"}, {"max_tokens", 12}, {"temperature", 0}})["choices"][0];
  const std::string text = plain["text"];
  const auto second = text.find(" w", text.find(" w") + 1);
  ASSERT_NE(second, text.npos) << text;
  const std::string word = text.substr(second, text.find(' ', second + 1) - second);
  const auto cut = text.find(word);
  const Json stopped = ask({{"prompt", "w5 w6 w7"},
                            {"max_tokens", 12},
                            {"temperature", 0},
                            {"logprobs", 0},
                            {"stop", {word}}})["choices"][0];
  EXPECT_EQ(stopped["text"], text.substr(0, cut));
  EXPECT_EQ(stopped["finish_reason"], "stop");
  for (const Json& offset : stopped["logprobs"]["text_offset"])
    EXPECT_LT(offset.get<std::size_t>(), std::max<std::size_t>(cut, 1));
}

TEST_F(Completions, RefuseWhatTheyDoNotDoByName) {
  EXPECT_EQ(blamed({{"prompt", "w5"}, {"suffix", "w6"}}), "suffix");
  EXPECT_EQ(blamed({{"prompt", "w5"}, {"best_of", 4}}), "best_of");
  EXPECT_EQ(blamed({{"prompt", "w5"}, {"logit_bias", {{"5", 1}}}}), "logit_bias");
  EXPECT_EQ(blamed({{"prompt", "w5"}, {"frequency_penalty", 0.5}}), "frequency_penalty");
  EXPECT_EQ(blamed({{"prompt", "w5"}, {"guided_regex", "a"}}), "guided_regex");
  EXPECT_EQ(blamed({{"prompt", {99999}}}), "prompt");
  EXPECT_EQ(blamed({{"prompt", {{"a", 1}}}}), "prompt");
  EXPECT_EQ(blamed({{"prompt", nullptr}}), "prompt");
  EXPECT_EQ(blamed({{"prompt", "w5"}, {"n", 0}}), "n");
  EXPECT_EQ(blamed({{"prompt", Json::array({"w5", "w6", "w5", "w6", "w5", "w6", "w5", "w6", "w5"})}, {"n", 128}}), "n");
  EXPECT_EQ(blamed({{"prompt", "w5"}, {"stream_options", {{"include_usage", true}}}}), "stream_options");
  EXPECT_EQ(tiny_.post("/v1/completions", {{"model", "other"}, {"prompt", "w5"}}).status, 404);
}

TEST_F(Completions, TooLongAPromptIsAnErrorAndAFullContextAnEnd) {
  std::string prompt = "w5";
  for (int i = 0; i < 61; ++i) prompt += " w6";  // 63 tokens with the first one; the context is 64
  const Json last = ask({{"prompt", prompt}, {"max_tokens", 20}, {"temperature", 0}});
  EXPECT_EQ(last["choices"][0]["finish_reason"], "length");
  EXPECT_EQ(last["usage"]["completion_tokens"], 1);
  const Answer answer = tiny_.post("/v1/completions", {{"prompt", prompt + " w7"}, {"max_tokens", 1}});
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.json()["error"]["code"], "context_length_exceeded");
  EXPECT_EQ(ask({{"prompt", prompt + " w7"}, {"max_tokens", 0}, {"echo", true}, {"logprobs", 0}})["choices"][0]
                                                                                                 ["logprobs"]["tokens"]
                                                                                                     .size(),
            64U);
}

// Every answer under load has the bits of the same request alone, and nobody gets another's.
TEST_F(Completions, UnderLoadAreThoseOfTheRequestsAlone) {
  std::vector<Json> bodies;
  std::vector<std::string> paths;
  for (int i = 0; i < 24; ++i) {
    const std::string text = "w" + std::to_string(5 + i) + " w" + std::to_string(9 + i % 7) + " w12";
    switch (i % 4) {
      case 0:
        bodies.push_back({{"prompt", text}, {"max_tokens", 20}, {"temperature", 0}, {"logprobs", 3}});
        paths.emplace_back("/v1/completions");
        break;
      case 1:
        bodies.push_back({{"prompt", text}, {"max_tokens", 9}, {"seed", i}, {"n", 3}, {"logprobs", 0}, {"echo", true}});
        paths.emplace_back("/v1/completions");
        break;
      case 2:
        bodies.push_back({{"prompt", text}, {"continuations", {" w8", " w9 w10", " w11"}}});
        paths.emplace_back("/v1/score");
        break;
      default:
        bodies.push_back({{"input", {text, text + " w30"}},
                          {"labels", {"w40", "w41"}},
                          {"template", "{{ text }} w9"},
                          {"engine", "score"}});
        paths.emplace_back("/v1/classify");
    }
  }
  const auto parts = [](const Answer& answer) {
    EXPECT_EQ(answer.status, 200) << answer.body;
    const Json json = answer.json();
    for (const char* key : {"choices", "scores", "data"})
      if (json.contains(key)) return dump_json(json[key]);
    return std::string();
  };
  std::vector<std::string> alone(bodies.size()), together(bodies.size());
  for (std::size_t i = 0; i < bodies.size(); ++i) alone[i] = parts(tiny_.post(paths[i], bodies[i]));
  {
    std::vector<std::jthread> clients;
    for (std::size_t i = 0; i < bodies.size(); ++i)
      clients.emplace_back([&, i] { together[i] = parts(tiny_.post(paths[i], bodies[i])); });
  }
  for (std::size_t i = 0; i < bodies.size(); ++i) EXPECT_EQ(together[i], alone[i]) << dump_json(bodies[i]);
}

}  // namespace
}  // namespace linnet::serve
