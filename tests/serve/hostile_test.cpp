// The hostile bodies and raw requests of ../shared/data/bad-inputs, and our own.
#include <gmock/gmock.h>

#include "linnet/base/file.h"
#include "tests/bad_inputs.h"
#include "tests/serve/chat_folder.h"
#include "tests/serve/tiny_server.h"

namespace linnet::serve {
namespace {

std::string route_of(const std::string& file) {
  if (file.find("/compl_") != file.npos || file.find("/grammar_") != file.npos) return "/v1/completions";
  return file.find("/emb_") != file.npos ? "/v1/embeddings" : "/v1/chat/completions";
}

bool expected(const std::string& expect, int status) {
  if (expect == "no_crash" || expect == "no_hang" || expect == "policy")
    return status == 200 || (status >= 400 && status < 500);
  if (status == 0) return expect.find("close") != expect.npos;
  return expect.find(std::to_string(status)) != expect.npos;
}

class Hostile : public ::testing::Test {
 protected:
  ServerOptions options() const {
    ServerOptions o;
    o.name = "m";
    o.http.port = 0;
    o.http.head_time = std::chrono::milliseconds(1500);
    o.http.body_time = std::chrono::milliseconds(1500);
    return o;
  }
  ChatFolder folder_;
  Loaded loaded_ = load_pretrained(folder_.path(), {.dtype = models::WeightType::kF32});
};

constexpr const char* kOk = R"({"model": "m", "messages": [{"role": "user", "content": "w5 w6"}], "max_tokens": 4})";

TEST_F(Hostile, BodiesAreRefusedWithAnError) {
  LINNET_NEEDS(test::bad_inputs_folder());
  const Server server(loaded_, options());
  const auto rows = test::bad_inputs("http-bodies/");
  ASSERT_GT(rows.size(), 40U);
  for (const test::BadInput& row : rows) {
    SCOPED_TRACE(row.file + ": " + row.why);
    Client client(server.port());
    client.send(post_text(route_of(row.file), read_file(row.path)));
    const Answer answer = client.answer();
    EXPECT_TRUE(expected(row.expect, answer.status)) << row.expect << ", not " << answer.status << ": " << answer.body;
    if (answer.status >= 400) {
      EXPECT_TRUE(answer.json()["error"]["message"].is_string()) << answer.body;
      EXPECT_EQ(answer.body.find(folder_.scratch.path().string()), std::string::npos) << answer.body;
    }
  }
  Client client(server.port());
  client.send(post_text("/v1/chat/completions", kOk));
  EXPECT_EQ(client.answer().status, 200);
}

TEST_F(Hostile, RawRequestsAreRefusedOrAnswered) {
  LINNET_NEEDS(test::bad_inputs_folder());
  const Server open(loaded_, options());
  ServerOptions with_key = options();
  with_key.access.key = "KEY";
  const Server closed(loaded_, with_key);
  for (const test::BadInput& row : test::bad_inputs("http-raw/")) {
    SCOPED_TRACE(row.file + ": " + row.why);
    Client client((row.file.find("/auth_") != row.file.npos ? closed : open).port());
    client.send(read_file(row.path));
    if (row.expect == "200 x50") {
      for (int i = 0; i < 50; ++i) ASSERT_EQ(client.answer().status, 200) << i;
      continue;
    }
    const Answer answer = client.answer();
    EXPECT_TRUE(expected(row.expect, answer.status)) << row.expect << ", not " << answer.status << ": " << answer.head;
    EXPECT_EQ(get(open.port(), "/health").status, 200);
  }
}

}  // namespace
}  // namespace linnet::serve
