#include "linnet/hub/http.h"

#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>

#include "linnet/base/error.h"

namespace linnet::hub {
namespace {

constexpr std::size_t kMostBody = std::size_t{64} << 20, kMostHeaders = 512;

void start_curl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  check(code == CURLE_OK, ErrorKind::kRuntime, "libcurl does not start: {}", curl_easy_strerror(code));
}

struct Transfer {
  const HttpRequest& request;
  HttpResponse& response;
  CURL* curl;
  bool begun = false;
  std::exception_ptr error = {};  // exceptions may not cross libcurl's frames
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  bool too_slow = false;
};

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::size_t on_header(char* data, std::size_t, std::size_t bytes, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view line(data, bytes);
  if (line.starts_with("HTTP/")) transfer.response.headers.clear();
  const auto colon = line.find(':');
  if (colon != line.npos && transfer.response.headers.size() < kMostHeaders)
    transfer.response.headers[lower(trimmed(line.substr(0, colon)))] = trimmed(line.substr(colon + 1));
  return bytes;
}

bool deliver(Transfer& transfer, std::string_view piece) {
  long status = 0;
  curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &status);
  const bool wanted = status == 200 || status == 206;
  if (wanted && !transfer.begun && transfer.request.begin) {
    transfer.begun = true;
    if (!transfer.request.begin(status, transfer.response.headers)) return false;
  }
  if (wanted && transfer.request.sink) {
    transfer.request.sink(piece);
    return true;
  }
  if (transfer.response.body.size() + piece.size() > kMostBody) return false;
  transfer.response.body += piece;
  return true;
}

std::size_t on_body(char* data, std::size_t, std::size_t bytes, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  try {
    return deliver(transfer, {data, bytes}) ? bytes : CURL_WRITEFUNC_ERROR;
  } catch (...) {
    transfer.error = std::current_exception();
    return CURL_WRITEFUNC_ERROR;
  }
}

// Aborts a transfer whose average speed is too low.
int on_progress(void* user, curl_off_t, curl_off_t received, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(user);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - transfer.start).count();
  const double counted = seconds - 3.0 * static_cast<double>(transfer.request.silence_s);
  transfer.too_slow = static_cast<double>(received) < counted * kSlowestBytes;
  return transfer.too_slow ? 1 : 0;
}

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, UrlDeleter>;

Url parsed(const std::string& text) {
  Url url(curl_url());
  check(curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) == CURLUE_OK, ErrorKind::kRuntime, "'{}' is not a URL",
        printable(text));
  return url;
}

std::string part(const Url& url, CURLUPart which) {
  char* text = nullptr;
  const CURLUcode code = curl_url_get(url.get(), which, &text, which == CURLUPART_PORT ? CURLU_DEFAULT_PORT : 0);
  std::string copy = code == CURLUE_OK ? text : "";
  curl_free(text);
  return copy;
}

}  // namespace

std::string HttpResponse::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

HttpResponse http_request(const HttpRequest& request) {
  start_curl();
  const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
  curl_slist* list = nullptr;
  for (const std::string& header : request.headers) list = curl_slist_append(list, header.c_str());
  const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(list, curl_slist_free_all);
  HttpResponse response;
  Transfer transfer{request, response, curl.get()};
  curl_easy_setopt(curl.get(), CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_NOBODY, request.head ? 1L : 0L);
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_USERAGENT, "linnet");
  curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT, request.silence_s);
  curl_easy_setopt(curl.get(), CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_LOW_SPEED_TIME, request.silence_s);
  curl_easy_setopt(curl.get(), CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(curl.get(), CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFODATA, &transfer);
  curl_easy_setopt(curl.get(), CURLOPT_NOPROGRESS, 0L);
  const CURLcode code = curl_easy_perform(curl.get());
  if (transfer.error) std::rethrow_exception(transfer.error);
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &response.status);
  if (code != CURLE_OK) response.fault = curl_easy_strerror(code);
  if (transfer.too_slow) response.fault = fmt::format("slower than {} bytes a second", kSlowestBytes);
  check(response.status != 0, ErrorKind::kRuntime,
        "{}: cannot be reached ({}); check the network, or set HF_HUB_OFFLINE=1", printable(request.url),
        response.fault);
  return response;
}

std::string resolve_url(const std::string& base, const std::string& location) {
  const Url url = parsed(base);
  check(curl_url_set(url.get(), CURLUPART_URL, location.c_str(), 0) == CURLUE_OK, ErrorKind::kRuntime,
        "{}: sends on to '{}', which is not a URL", printable(base), printable(location));
  return part(url, CURLUPART_URL);
}

bool same_origin(const std::string& a, const std::string& b) {
  const Url left = parsed(a), right = parsed(b);
  return std::ranges::all_of(std::initializer_list<CURLUPart>{CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT},
                             [&](CURLUPart which) { return lower(part(left, which)) == lower(part(right, which)); });
}

bool is_secure(const std::string& url) { return part(parsed(url), CURLUPART_SCHEME) == "https"; }

bool is_web_address(const std::string& url) {
  const Url address(curl_url());
  if (curl_url_set(address.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return false;
  const std::string scheme = lower(part(address, CURLUPART_SCHEME));
  return (scheme == "http" || scheme == "https") && !part(address, CURLUPART_HOST).empty();
}

std::string escaped_path(std::string_view path, std::string_view keep) {
  std::string out;
  for (const char c : path) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) ||
                       std::string_view("-_.~").find(c) != std::string_view::npos || keep.find(c) != keep.npos;
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace linnet::hub
