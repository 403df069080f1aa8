#include "linnet/hub/http.h"

#include <gtest/gtest.h>

#include "linnet/base/error.h"

namespace linnet::hub {
namespace {

TEST(Http, Origins) {
  EXPECT_TRUE(same_origin("https://a.b/x", "https://A.b:443/y"));
  EXPECT_FALSE(same_origin("https://a.b/x", "http://a.b/x"));
  EXPECT_FALSE(same_origin("https://a.b/x", "https://a.b.c/x"));
  EXPECT_FALSE(same_origin("http://a.b:80/", "http://a.b:81/"));
  EXPECT_FALSE(same_origin("https://a.b@evil.c/", "https://a.b/"));
}

TEST(Http, Addresses) {
  EXPECT_EQ(resolve_url("https://a.b/c/d?e", "/f"), "https://a.b/f");
  EXPECT_EQ(resolve_url("https://a.b/c/d", "https://x.y/z"), "https://x.y/z");
  EXPECT_EQ(escaped_path("a b/ü#?", "/"), "a%20b/%C3%BC%23%3F");
  EXPECT_EQ(escaped_path("refs/pr/1", ""), "refs%2Fpr%2F1");
  EXPECT_TRUE(is_web_address("http://a:80/x"));
  for (const char* other : {"foo", "", "https://", "file:///etc/hostname", "a.b/c"})
    EXPECT_FALSE(is_web_address(other)) << other;
  EXPECT_THROW(http_request({.url = "ftp://127.0.0.1/x"}), Error);
  EXPECT_THROW(http_request({.url = "file:///etc/hostname"}), Error);
}

}  // namespace
}  // namespace linnet::hub
