// Sends one HTTP request with libcurl; does not follow redirects.
//
//   HttpResponse answer = http_request({.url = "https://huggingface.co/api/models/gpt2"});
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace linnet::hub {

inline constexpr double kSlowestBytes = 1000;  // per second

struct HttpRequest {
  std::string url;
  bool head = false;
  std::vector<std::string> headers = {};
  // Aborts after this time without a connection or data, and if after three times as long the average speed is below
  // kSlowestBytes: a very slow server must not block the caller for ever.
  long silence_s = 10;
  // Called before the body of a 200 or 206 with status and headers; if false, the transfer ends.
  std::function<bool(long status, const std::map<std::string, std::string>& headers)> begin = {};
  // Receives that body in pieces; if unset, HttpResponse::body has up to 64 MiB.
  std::function<void(std::string_view)> sink = {};
};

struct HttpResponse {
  long status = 0;
  std::map<std::string, std::string> headers;  // names in lower case, of the last response only
  std::string body;
  std::string fault;  // why the transfer ended early; "" if complete
  std::string header(const std::string& name) const;
};

// kRuntime if there is no connection; `fault` is set if a transfer breaks off.
HttpResponse http_request(const HttpRequest& request);

std::string resolve_url(const std::string& base, const std::string& location);  // kRuntime if it is not a URL
bool same_origin(const std::string& a, const std::string& b);                   // scheme, host and port
bool is_secure(const std::string& url);                                         // https
bool is_web_address(const std::string& url);                                    // http or https, with a host
std::string escaped_path(std::string_view path, std::string_view keep);         // percent-encoded except for `keep`

}  // namespace linnet::hub
