#include "linnet/serve/api_error.h"

#include <new>

#include "linnet/base/error.h"

namespace linnet::serve {
namespace {

const char* openai_type(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 429:
      return "rate_limit_error";
    default:
      return status >= 500 ? "server_error" : "invalid_request_error";
  }
}

const char* tei_type(int status) {
  if (status == 429) return "Overloaded";
  if (status == 503) return "Unhealthy";
  return status >= 500 ? "Backend" : "Validation";
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  if (from.empty()) return text;
  for (std::size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size()) text.replace(at, from.size(), to);
  return text;
}

Json or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

}  // namespace

Json error_json(const ApiError& error, ApiShape shape) {
  if (shape == ApiShape::kTei) return {{"error", error.what()}, {"error_type", tei_type(error.status())}};
  return {{"error",
           {{"message", error.what()},
            {"type", openai_type(error.status())},
            {"param", or_null(error.param())},
            {"code", or_null(error.code())}}}};
}

HttpReply error_reply(const ApiError& error, ApiShape shape) {
  HttpReply reply{.status = error.status(), .body = dump_json(error_json(error, shape))};
  if (error.status() == 429 || error.status() == 503) reply.headers.emplace_back("Retry-After", "1");
  if (error.status() == 401) reply.headers.emplace_back("WWW-Authenticate", "Bearer");
  return reply;
}

ApiError api_error(const std::exception_ptr& caught, const std::string& place, const std::string& name) {
  try {
    std::rethrow_exception(caught);
  } catch (const ApiError& error) {
    return error;
  } catch (const Error& error) {
    const bool callers = error.kind() == ErrorKind::kInvalidArgument || error.kind() == ErrorKind::kBadInput;
    return {callers ? 400 : 500, replaced(error.what(), place, name), error.option()};
  } catch (const std::bad_alloc&) {
    return {503, "out of memory; send fewer texts at once, or shorter ones"};
  } catch (const std::exception&) {
    return {500, "internal error"};
  }
}

}  // namespace linnet::serve
