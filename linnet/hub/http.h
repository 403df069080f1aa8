// One HTTP request with libcurl: no redirects are followed, the caller sees every answer.
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

inline constexpr double kSlowestBytes = 1000;  // a second

struct HttpRequest {
  std::string url;
  bool head = false;
  std::vector<std::string> headers = {};
  // Gives up after so long without a connection or a byte, and where after three times as long fewer bytes have come
  // than kSlowestBytes for each second since: a server that drips does not hold the caller for ever.
  long silence_s = 10;
  // Called before the body of a 200 or 206 with status and headers; false ends the transfer.
  std::function<bool(long status, const std::map<std::string, std::string>& headers)> begin = {};
  // Takes that body piece by piece; without it up to 64 MiB are kept in HttpResponse::body.
  std::function<void(std::string_view)> sink = {};
};

struct HttpResponse {
  long status = 0;
  std::map<std::string, std::string> headers;  // names in lower case, the last answer only
  std::string body;
  std::string fault;  // why the transfer ended early; "" for a whole one
  std::string header(const std::string& name) const;
};

// No connection at all is kRuntime; a transfer that breaks off is told in `fault`.
HttpResponse http_request(const HttpRequest& request);

std::string resolve_url(const std::string& base, const std::string& location);  // kRuntime where it is not a URL
bool same_origin(const std::string& a, const std::string& b);                   // scheme, host and port
bool is_secure(const std::string& url);                                         // https
bool is_web_address(const std::string& url);                                    // http or https, with a host
std::string escaped_path(std::string_view path, std::string_view keep);         // percent-encoded but for `keep`

}  // namespace linnet::hub
