// Who may use the server: the Host check against DNS rebinding, the bearer token, the origins of web pages.
//
//   AccessRules rules({.host = "127.0.0.1", .key = "secret"});
//   if (auto denied = rules.check(head)) …            // 401 without "Authorization: Bearer secret"
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/serve/http_types.h"

namespace linnet::serve {

struct AccessOptions {
  std::string host = "127.0.0.1";         // where the server listens
  std::string key = {};                   // the bearer token; "": none is needed
  std::vector<std::string> hosts = {};    // further names in Host, without a port
  std::vector<std::string> origins = {};  // web pages that may call: "https://example.org"
};

struct Denied {
  int status;
  std::string message;
};

class AccessRules {
 public:
  explicit AccessRules(AccessOptions options);
  // The reason to refuse a request, if there is one. `open`: the path needs no token.
  std::optional<Denied> check(const HttpHead& head, bool open) const;
  // Headers of CORS for an allowed origin; none for another.
  std::vector<std::pair<std::string, std::string>> cors(const HttpHead& head) const;

 private:
  bool knows(std::string_view host) const;
  bool allows(std::string_view origin) const;
  AccessOptions options_;
};

// An address that only this machine reaches.
bool is_loopback(std::string_view host);
// Compares in a time that does not depend on where texts differ.
bool same_secret(std::string_view a, std::string_view b);

}  // namespace linnet::serve
