// Base64 (RFC 4648) of vectors, as OpenAI's encoding_format "base64".
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace linnet::serve {

std::string base64(std::string_view bytes);
// Of the numbers as 32-bit floats, little endian.
std::string base64_floats(std::span<const float> values);

}  // namespace linnet::serve
