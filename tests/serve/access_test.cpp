#include "linnet/serve/access.h"

#include <gtest/gtest.h>

namespace linnet::serve {
namespace {

int status(const AccessRules& rules, const HttpHead& head, bool open = false) {
  const auto denied = rules.check(head, open);
  return denied ? denied->status : 200;
}

TEST(Access, ChecksTheHostOnlyWithoutAKey) {
  const AccessRules rules({.hosts = {"llm.example"}});
  for (const char* host :
       {"127.0.0.1", "127.0.0.1:80", "localhost:8080", "LOCALHOST", "[::1]:8080", "10.0.0.7", "llm.example:1"})
    EXPECT_EQ(status(rules, {.host = host}), 200) << host;
  for (const char* host :
       {"evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil", "a@127.0.0.1"})
    EXPECT_EQ(status(rules, {.host = host}), 403) << host;
  EXPECT_EQ(status(AccessRules({.key = "k"}), {.host = "evil.example", .authorization = "Bearer k"}), 200);
}

TEST(Access, NeedsTheExactKey) {
  const AccessRules rules({.key = "KEY"});
  for (const char* sent : {"Bearer KEY", "bearer KEY", "BEARER KEY"})
    EXPECT_EQ(status(rules, {.authorization = sent}), 200) << sent;
  for (const char* sent :
       {"", "Bearer", "Bearer ", "Bearer key", "Bearer KEY2", "Bearer KE", "KEY", "Basic KEY", "Bearer  KEY"})
    EXPECT_EQ(status(rules, {.authorization = sent}), 401) << sent;
  EXPECT_EQ(status(rules, {}, true), 200) << "an open path";
}

TEST(Access, RefusesPagesOfOtherOrigins) {
  const AccessRules rules({.origins = {"https://ours.example"}});
  EXPECT_EQ(status(rules, {.host = "localhost:80", .origin = "http://localhost:80"}), 200) << "its own page";
  EXPECT_EQ(status(rules, {.host = "localhost:80", .origin = "http://localhost:81"}), 403);
  EXPECT_EQ(status(rules, {.host = "localhost", .origin = "null"}), 403);
  EXPECT_EQ(status(rules, {.host = "localhost", .origin = "https://ours.example"}), 200);
  EXPECT_EQ(rules.cors({.origin = "https://ours.example"}).size(), 2U);
  EXPECT_TRUE(rules.cors({.origin = "https://other.example"}).empty());
}

TEST(Access, KnowsLoopbackAddresses) {
  for (const char* host : {"127.0.0.1", "127.9.9.9", "localhost", "::1"}) EXPECT_TRUE(is_loopback(host)) << host;
  for (const char* host : {"0.0.0.0", "::", "10.0.0.1", "127.evil.example", ""})
    EXPECT_FALSE(is_loopback(host)) << host;
  EXPECT_TRUE(same_secret("a", "a"));
  EXPECT_FALSE(same_secret("a", "ab"));
}

}  // namespace
}  // namespace linnet::serve
