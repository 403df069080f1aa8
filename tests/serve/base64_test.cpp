#include "linnet/serve/base64.h"

#include <gtest/gtest.h>

#include <vector>

namespace linnet::serve {
namespace {

TEST(Base64, IsThatOfTheStandard) {  // RFC 4648, section 10
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64_floats(std::vector<float>{1, -2}), "AACAPwAAAMA=");  // numpy.float32([1, -2]).tobytes()
}

}  // namespace
}  // namespace linnet::serve
