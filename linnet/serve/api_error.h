// An error of a request, with the status and the shape of the API that was called.
//
//   throw ApiError(400, "'n' is -1; give 1 to 128", "n");
//   {"error": {"message": "'n' is -1; give 1 to 128", "type": "invalid_request_error", "param": "n", "code": null}}
#pragma once

#include <cstdint>
#include <exception>
#include <string>

#include "linnet/base/json.h"
#include "linnet/serve/http_types.h"

namespace linnet::serve {

class ApiError : public std::runtime_error {
 public:
  ApiError(int status, const std::string& message, std::string param = {}, std::string code = {})
      : std::runtime_error(message), status_(status), param_(std::move(param)), code_(std::move(code)) {}
  int status() const { return status_; }
  const std::string& param() const { return param_; }
  const std::string& code() const { return code_; }

 private:
  int status_;
  std::string param_, code_;
};

enum class ApiShape : std::uint8_t { kOpenAi, kTei };

Json error_json(const ApiError& error, ApiShape shape = ApiShape::kOpenAi);
HttpReply error_reply(const ApiError& error, ApiShape shape = ApiShape::kOpenAi);
// What a caller may know of an exception: texts with `place`, the path of the model, have `name` instead.
ApiError api_error(const std::exception_ptr& caught, const std::string& place, const std::string& name);

}  // namespace linnet::serve
