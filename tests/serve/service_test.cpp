// Places in the queue, disconnects, deadlines, the end; the routes without a model's work.
#include "linnet/serve/service.h"

#include <gmock/gmock.h>

#include <thread>

#include "tests/serve/tiny_server.h"

namespace linnet::serve {
namespace {

using ::testing::HasSubstr;

void eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 1000 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(condition());
}

// Does not end for a while: n texts of the whole context, one after another.
Json long_request() { return {{"prompt", "w5"}, {"max_tokens", 60}, {"min_tokens", 60}, {"n", 100}}; }

TEST(Service, AnswersWithoutTheModel) {
  const TinyServer tiny("llama/causal");
  EXPECT_EQ(tiny.get("/health").status, 200);
  EXPECT_EQ(tiny.get("/v1/models").json()["data"][0]["id"], "m");
  EXPECT_EQ(tiny.get("/v1/models/m").json()["object"], "model");
  EXPECT_EQ(tiny.get("/v1/models/x").json()["error"]["code"], "model_not_found");
  EXPECT_EQ(tiny.get("/nothing").status, 404);
  EXPECT_EQ(tiny.get("/v1/completions").status, 405);
  EXPECT_EQ(tiny.post("/v1/completions", {{"prompt", "w5"}}).status, 200);
  EXPECT_THAT(tiny.get("/metrics").body,
              HasSubstr("linnet_requests_total{route=\"/v1/completions\",status=\"200\"} 1"));
}

TEST(Service, AnswersOriginsOnlyIfTheyAreNamed) {
  const TinyServer tiny("llama/causal", {.access = {.origins = {"https://ours.example"}}});
  Client client(tiny.server.port());
  client.send("OPTIONS /v1/completions HTTP/1.1\r\nHost: localhost\r\nOrigin: https://ours.example\r\n\r\n");
  const Answer answer = client.answer();
  EXPECT_EQ(answer.status, 204);
  EXPECT_THAT(answer.head, HasSubstr("Access-Control-Allow-Origin: https://ours.example"));
  EXPECT_THAT(tiny.post("/v1/completions", {{"prompt", "w5"}}, "Origin: https://ours.example\r\n").head,
              HasSubstr("Access-Control-Allow-Origin: https://ours.example"));
  EXPECT_EQ(tiny.post("/v1/completions", {{"prompt", "w5"}}, "Origin: https://evil.example\r\n").status, 403);
}

// S3: slots + queue requests have a place, the next one does not.
TEST(Service, IsFullAtExactlySlotsAndQueueAndOne) {
  TinyServer tiny("llama/causal", {.scheduler = {.slots = 2, .queue = 3}});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(std::make_unique<Client>(tiny.server.port()));
    Json body = long_request();
    body["n"] = 128;
    clients.back()->send(post_text("/v1/completions", dump_json(body)));
    eventually(
        [&] { return tiny.server.gauges().running + tiny.server.gauges().waiting == static_cast<std::size_t>(i) + 1; });
  }
  const Answer sixth = tiny.post("/v1/completions", {{"prompt", "w5"}});
  EXPECT_EQ(sixth.status, 429);
  EXPECT_THAT(sixth.head, HasSubstr("Retry-After: "));
  EXPECT_EQ(sixth.json()["error"]["type"], "rate_limit_error");
  clients.pop_back();
  eventually([&] { return tiny.post("/v1/completions", {{"prompt", "w5"}, {"max_tokens", 1}}).status == 200; });
}

TEST(Service, AShortRequestDoesNotWaitForALongOne) {
  TinyServer tiny("llama/causal", {.scheduler = {.slots = 2, .queue = 8}});
  Client slow(tiny.server.port());
  Json body = long_request();
  body["n"] = 128;
  slow.send(post_text("/v1/completions", dump_json(body)));
  eventually([&] { return tiny.server.gauges().running == 1; });
  EXPECT_EQ(tiny.post("/v1/completions", {{"prompt", "w6"}, {"max_tokens", 3}}).status, 200);
  eventually([&] { return tiny.server.gauges().running == 1; });  // the long one
}

// S2: the slot and the blocks of a client that left are free.
TEST(Service, DropsRequestsOfClientsThatLeave) {
  // Room for a few texts only: lost blocks would soon be missing.
  constexpr std::size_t kBlock = 64 * 2 * 2 * 2 * 6 * sizeof(float);
  TinyServer tiny("llama/causal", {.scheduler = {.slots = 2, .queue = 64, .engine = {.memory = 4 * kBlock}}});
  for (const bool streams : {false, true}) {
    for (int i = 0; i < 40; ++i) {
      Client client(tiny.server.port());
      Json body = long_request();
      body["stream"] = streams;
      client.send(post_text("/v1/completions", dump_json(body)));
      if (i % 4 == 1) std::this_thread::sleep_for(std::chrono::milliseconds(3));
      if (i % 4 == 2 && streams) client.read();
    }
  }
  eventually([&] { return tiny.server.gauges().sequences == 0 && tiny.server.gauges().waiting == 0; });
  eventually([&] { return tiny.server.connections() == 0; });
  EXPECT_EQ(tiny.post("/v1/completions", {{"prompt", "w5"}, {"max_tokens", 2}}).status, 200);
}

TEST(Service, LimitsTheTimeOfARequest) {
  TinyServer tiny("llama/causal", {.request_time = std::chrono::seconds(0)});
  EXPECT_EQ(tiny.post("/v1/completions", long_request()).status, 504);
}

// S9: running requests end, new ones are refused.
TEST(Service, FinishesWhatRunsBeforeItEnds) {
  TinyServer tiny("llama/causal");
  Client running(tiny.server.port());
  running.send(post_text("/v1/completions", dump_json(long_request())));
  eventually([&] { return tiny.server.gauges().running == 1; });
  Client later(tiny.server.port());
  std::jthread end([&] { tiny.server.drain(); });
  eventually([&] { return tiny.get("/health").status == 503; });
  const Answer refused = tiny.post("/v1/completions", {{"prompt", "w5"}});
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.head, HasSubstr("Retry-After: "));
  EXPECT_EQ(running.answer().json()["choices"].size(), 100U);
}

TEST(Service, EndsAlsoWithRunningRequests) {
  Answer answer;
  {
    auto tiny = std::make_unique<TinyServer>("llama/causal");
    Client client(tiny->server.port());
    client.send(post_text("/v1/completions", dump_json(long_request())));
    eventually([&] { return tiny->server.gauges().running == 1; });
    tiny.reset();
    answer = client.answer();
  }
  EXPECT_EQ(answer.status, 503);
}

}  // namespace
}  // namespace linnet::serve
