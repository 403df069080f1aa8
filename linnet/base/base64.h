// Base64 (RFC 4648).
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace linnet {

std::string encode_base64(std::string_view bytes);
// Of the numbers as 32-bit floats, little endian, as OpenAI's encoding_format "base64".
std::string base64_floats(std::span<const float> values);
// Of a field of a tokenizer's file `place`; kBadInput naming it and the character that is no digit.
std::string decode_base64(std::string_view text, std::string_view place);

}  // namespace linnet
