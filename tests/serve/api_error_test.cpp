#include "linnet/serve/api_error.h"

#include <gtest/gtest.h>

#include "linnet/base/error.h"

namespace linnet::serve {
namespace {

ApiError of(const auto& error) { return api_error(std::make_exception_ptr(error), "/home/someone/models/x.gguf", "x"); }

TEST(ApiErrors, HaveTheShapeOfTheirApi) {
  const ApiError error(400, "'n' is -1", "n");
  EXPECT_EQ(dump_json(error_json(error)),
            R"({"error":{"message":"'n' is -1","type":"invalid_request_error","param":"n","code":null}})");
  EXPECT_EQ(dump_json(error_json(error, ApiShape::kTei)), R"({"error":"'n' is -1","error_type":"Validation"})");
  EXPECT_EQ(error_json(ApiError(429, "full"), ApiShape::kTei)["error_type"], "Overloaded");
  EXPECT_EQ(error_reply(ApiError(429, "full")).headers.front().first, "Retry-After");
  EXPECT_EQ(error_json(ApiError(429, "full"))["error"]["type"], "rate_limit_error");
}

TEST(ApiErrors, DoNotTellWhatIsNotTheCallers) {
  const ApiError bad =
      of(Error(ErrorKind::kBadInput, format_printable("{}: has no head", "/home/someone/models/x.gguf")));
  EXPECT_EQ(bad.status(), 400);
  EXPECT_STREQ(bad.what(), "x: has no head");
  EXPECT_EQ(of(Error(ErrorKind::kRuntime, "disk")).status(), 500);
  EXPECT_EQ(of(std::bad_alloc()).status(), 503);
  const ApiError other = of(std::runtime_error("address 0x1234"));
  EXPECT_EQ(other.status(), 500);
  EXPECT_STREQ(other.what(), "internal error");
  EXPECT_EQ(of(ApiError(404, "no", "model", "model_not_found")).code(), "model_not_found");
}

}  // namespace
}  // namespace linnet::serve
