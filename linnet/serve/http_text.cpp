#include "linnet/serve/http_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace linnet::serve {
namespace {

bool is_method(std::string_view word) {
  constexpr std::size_t kLongestMethod = 16;
  return !word.empty() && word.size() <= kLongestMethod &&
         std::ranges::all_of(word, [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; });
}

constexpr std::pair<int, const char*> kReasons[] = {
    {100, "Continue"},
    {200, "OK"},
    {204, "No Content"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {413, "Payload Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {424, "Failed Dependency"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
};

}  // namespace

std::optional<int> head_fault(std::string_view bytes) {
  // An empty line between requests is allowed.
  while (bytes.starts_with("\r\n")) bytes.remove_prefix(2);
  const auto end = bytes.find('\n');
  const std::string_view line = bytes.substr(0, end);
  const auto blank = line.find(' ');
  const std::string_view method = line.substr(0, blank);
  if (!method.empty() && method != "\r" && !is_method(method)) return 400;
  if (end == bytes.npos)
    return bytes.size() >= kMostHeadBytes ? std::optional(blank == line.npos ? 400 : 414) : std::nullopt;
  if (!line.ends_with(" HTTP/1.1\r") && !line.ends_with(" HTTP/1.0\r")) return 400;
  const auto head_end = bytes.find("\r\n\r\n");
  if (head_end == bytes.npos && bytes.size() >= kMostHeadBytes) return 431;
  if (std::min(head_end, bytes.size()) > kMostHeadBytes) return 431;
  return std::nullopt;
}

const char* reason_of(int status) {
  const auto found = std::ranges::find(kReasons, status, [](const auto& row) { return row.first; });
  return found == std::end(kReasons) ? "Error" : found->second;
}

std::string reply_text(const HttpReply& reply, const ReplyForm& form) {
  std::string text = fmt::format("HTTP/1.1 {} {}\r\nServer: linnet\r\n", reply.status, reason_of(reply.status));
  if (!reply.content_type.empty()) text += fmt::format("Content-Type: {}\r\n", reply.content_type);
  text += "X-Content-Type-Options: nosniff\r\n";
  for (const auto& [name, value] : reply.headers) text += fmt::format("{}: {}\r\n", name, value);
  if (form.chunked)
    text += "Transfer-Encoding: chunked\r\nCache-Control: no-store\r\n";
  else if (reply.status >= 200 && reply.status != 204)
    text += fmt::format("Content-Length: {}\r\n", reply.body.size());
  text += fmt::format("Connection: {}\r\n\r\n", form.closes ? "close" : "keep-alive");
  if (form.head_only) return text;
  return text + (form.chunked ? (reply.body.empty() ? "" : chunk_text(reply.body)) : reply.body);
}

std::string chunk_text(std::string_view part) { return fmt::format("{:x}\r\n{}\r\n", part.size(), part); }

}  // namespace linnet::serve
