#include "linnet/base/base64.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/scratch.h"

namespace linnet {
namespace {

TEST(Base64, IsThatOfTheStandard) {  // RFC 4648, section 10
  EXPECT_EQ(encode_base64(""), "");
  EXPECT_EQ(encode_base64("f"), "Zg==");
  EXPECT_EQ(encode_base64("fo"), "Zm8=");
  EXPECT_EQ(encode_base64("foo"), "Zm9v");
  EXPECT_EQ(encode_base64("foob"), "Zm9vYg==");
  EXPECT_EQ(encode_base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(encode_base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64_floats(std::vector<float>{1, -2}), "AACAPwAAAMA=");  // numpy.float32([1, -2]).tobytes()
}

TEST(Base64, Decodes) {
  EXPECT_EQ(decode_base64("aGVsbG8=", ""), "hello");
  EXPECT_EQ(decode_base64("+/8", ""), "\xfb\xff");
  EXPECT_EQ(decode_base64("", ""), "");
  for (const char* text : {"aGVsbG8=", "+/8=", "aGVsbG8h", "AA==", ""})
    EXPECT_EQ(encode_base64(decode_base64(text, "")), text);
  EXPECT_THAT(refusal([] { decode_base64("a*b", "tokenizer.json"); }),
              ::testing::HasSubstr("not base64 at character 1"));
}

}  // namespace
}  // namespace linnet
