#include "linnet/serve/http_text.h"

#include <gtest/gtest.h>

namespace linnet::serve {
namespace {

TEST(HeadFault, IsFoundBeforeTheHeadIsComplete) {
  EXPECT_EQ(head_fault("GET / HT"), std::nullopt);
  EXPECT_EQ(head_fault("GET / HTTP/1.1\r\nHost: a\r\n"), std::nullopt);
  EXPECT_EQ(head_fault("\r\nGET / HTTP/1.1\r\n"), std::nullopt);
  EXPECT_EQ(head_fault("GET /\r\n"), 400);
  EXPECT_EQ(head_fault("GET / HTTP/1.1\nHost: a\r\n"), 400) << "a line that ends without CR";
  EXPECT_EQ(head_fault("\x16\x03\x01"), 400) << "TLS";
  EXPECT_EQ(head_fault(std::string(kMostHeadBytes, 'A')), 400);
  EXPECT_EQ(head_fault("GET /" + std::string(kMostHeadBytes, 'a')), 414);
  EXPECT_EQ(head_fault("GET / HTTP/1.1\r\nX: " + std::string(kMostHeadBytes, 'a')), 431);
}

TEST(ReplyText, HasTheLengthOrChunks) {
  const HttpReply reply{.body = "{}", .headers = {{"Retry-After", "1"}}};
  const std::string whole = reply_text(reply, {});
  EXPECT_TRUE(whole.starts_with("HTTP/1.1 200 OK\r\n")) << whole;
  EXPECT_NE(whole.find("Content-Length: 2\r\n"), whole.npos);
  EXPECT_NE(whole.find("Retry-After: 1\r\n"), whole.npos);
  EXPECT_TRUE(whole.ends_with("keep-alive\r\n\r\n{}"));
  EXPECT_TRUE(reply_text(reply, {.closes = true, .chunked = true}).ends_with("close\r\n\r\n2\r\n{}\r\n"));
  EXPECT_TRUE(reply_text(reply, {.head_only = true}).ends_with("\r\n\r\n"));
  EXPECT_EQ(chunk_text(""), "0\r\n\r\n");
  EXPECT_STREQ(reason_of(429), "Too Many Requests");
  EXPECT_STREQ(reason_of(299), "Error");
}

}  // namespace
}  // namespace linnet::serve
