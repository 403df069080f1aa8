#include "linnet/serve/http_server.h"

#include <gmock/gmock.h>

#include <atomic>

#include "linnet/base/error.h"
#include "tests/serve/client.h"

namespace linnet::serve {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

// Answers with the body; a path "/later" waits until `release`, "/parts" has parts of a megabyte.
class Echo : public HttpService {
 public:
  std::optional<HttpReply> refuse(const HttpHead& head) override {
    if (head.path == "/no") return HttpReply{.status = 403};
    return std::nullopt;
  }
  HttpReply fault(int status, const std::string& why) override { return {.status = status, .body = why}; }
  void handle(HttpRequest request, std::shared_ptr<Exchange> exchange) override {
    if (request.head.path == "/later") {
      exchange->on_gone([this] { gone = true; });
      later = std::move(exchange);
    } else if (request.head.path == "/parts") {
      exchange->on_gone([this] { gone = true; });
      exchange->begin({});
      for (int i = 0; i < 32; ++i) exchange->send(std::string(std::size_t{1} << 20, 'x'));
      exchange->finish();
    } else {
      exchange->answer({.body = request.body});
    }
  }
  std::atomic<bool> gone = false;
  std::shared_ptr<Exchange> later;
};

class OverASocket : public ::testing::Test {
 protected:
  OverASocket() {
    HttpOptions options{.port = 0,
                        .body_bytes = 1000,
                        .head_time = milliseconds(300),
                        .body_time = milliseconds(300),
                        .idle_time = milliseconds(600),
                        .write_time = milliseconds(300)};
    server_ = std::make_unique<HttpServer>(options, service_);
  }
  ~OverASocket() override {
    service_.later = nullptr;
    server_.reset();
  }
  std::uint16_t port() const { return server_->port(); }
  bool soon(const auto& condition) const {
    for (int i = 0; i < 400 && !condition(); ++i) std::this_thread::sleep_for(milliseconds(10));
    return condition();
  }
  Echo service_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(OverASocket, RequestsComeInAnyPieces) {
  Client client(port());
  for (const char byte : post_text("/a", "hello")) client.send(std::string(1, byte));
  EXPECT_EQ(client.answer().body, "hello");
  client.send("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" +
              get_text("/b"));
  EXPECT_EQ(client.answer().body, "abcde");
  EXPECT_EQ(client.answer().status, 200);
  client.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_THAT(client.read(), HasSubstr("100 Continue"));
  client.send("ok");
  EXPECT_EQ(client.answer().body, "ok");
}

TEST_F(OverASocket, LargeBodiesAreRefusedBeforeTheyAreRead) {
  for (const char* head : {"Content-Length: 1001\r\n", "Content-Length: 1001\r\nExpect: 100-continue\r\n"}) {
    Client client(port());
    client.send(std::string("POST /a HTTP/1.1\r\nHost: a\r\n") + head + "\r\n");
    const Answer answer = client.answer();
    EXPECT_EQ(answer.status, 413);
    EXPECT_THAT(answer.head, HasSubstr("Connection: close"));
  }
  Client chunks(port());
  chunks.send("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  chunks.send("3e9\r\n" + std::string(1001, 'x') + "\r\n0\r\n\r\n");
  EXPECT_EQ(chunks.answer().status, 413);
  Client refused(port());
  refused.send(post_text("/no", "body"));
  EXPECT_EQ(refused.answer().status, 403);
}

// S1: a client that sends or reads too slowly.
TEST_F(OverASocket, SlowClientsAreDropped) {
  Client head(port()), body(port()), idle(port());
  head.send("GET / HTTP/1.1\r\nHos");
  body.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe");
  EXPECT_EQ(head.answer().status, 408);
  EXPECT_EQ(body.answer().status, 408);
  EXPECT_EQ(idle.read(milliseconds(5000)), "");
  Client reader(port());
  reader.send(get_text("/parts"));
  EXPECT_TRUE(soon([&] { return service_.gone.load(); }));
  reader.close();
  EXPECT_TRUE(soon([&] { return server_->connections() <= 1; })) << server_->connections();
}

TEST_F(OverASocket, AClientThatLeavesIsNoticed) {
  Client client(port());
  client.send(get_text("/later"));
  ASSERT_TRUE(soon([&] { return service_.later != nullptr; }));
  EXPECT_FALSE(service_.gone);
  client.close();
  EXPECT_TRUE(soon([&] { return service_.gone.load(); }));
}

TEST_F(OverASocket, NoConnectionIsLeft) {
  for (int i = 0; i < 500; ++i) {
    Client client(port());
    client.send(i % 2 == 0 ? get_text("/") : "GET / HT");
    if (i % 4 == 0) client.answer();
  }
  EXPECT_TRUE(soon([&] { return server_->connections() == 0; })) << server_->connections();
}

TEST(Ports, InUseAndAddressesThatAreNoneAreErrors) {
  Echo service;
  const HttpServer server({.port = 0}, service);
  try {
    const HttpServer second({.port = server.port()}, service);
    ADD_FAILURE() << "two servers have one port";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kRuntime);
  }
  EXPECT_THROW(HttpServer({.host = "example.org"}, service), Error);
}

}  // namespace
}  // namespace linnet::serve
