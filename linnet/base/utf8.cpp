#include "linnet/base/utf8.h"

namespace linnet::utf8 {
namespace {

unsigned byte_at(std::string_view text, std::size_t i) { return static_cast<unsigned char>(text[i]); }

struct Lead {
  std::size_t length;        // 0: not a lead byte
  unsigned lowest, highest;  // bounds of the second byte: they exclude overlong forms and surrogates
};
Lead lead(unsigned byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte >= 0xC2 && byte <= 0xDF) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte >= 0xF1 && byte <= 0xF3) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

// Number of bytes of `text` that are valid for its lead byte, at most the length that this specifies.
std::size_t agreeing(std::string_view text, const Lead& start) {
  std::size_t i = 1;
  for (; i < start.length && i < text.size(); ++i) {
    const unsigned low = i == 1 ? start.lowest : 0x80, high = i == 1 ? start.highest : 0xBF;
    if (byte_at(text, i) < low || byte_at(text, i) > high) break;
  }
  return i;
}

}  // namespace

Character decode(std::string_view text) {
  const unsigned first = byte_at(text, 0);
  const Lead start = lead(first);
  if (start.length == 0) return {kInvalid, 1};
  if (start.length == 1) return {first, 1};
  const std::size_t have = agreeing(text, start);
  if (have < start.length) return {kInvalid, have};
  std::uint32_t code = first & (0x7Fu >> start.length);
  for (std::size_t i = 1; i < start.length; ++i) code = code << 6 | (byte_at(text, i) & 0x3F);
  return {code, start.length};
}

void append(std::string& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | code >> 6);
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
  }
  put(0x80 | (code & 0x3F));
}

bool valid(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const Character c = decode(text.substr(at));
    if (c.code == kInvalid) return false;
    at += c.length;
  }
  return true;
}

std::size_t count(std::string_view text) {
  std::size_t n = 0;
  for (std::size_t at = 0; at < text.size(); ++n) at += decode(text.substr(at)).length;
  return n;
}

std::string replace_invalid(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Character c = decode(text.substr(at));
    if (c.code == kInvalid)
      append(out, 0xFFFD);
    else
      out += text.substr(at, c.length);
    at += c.length;
  }
  return out;
}

std::size_t complete_prefix(std::string_view text) {
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const std::string_view tail = text.substr(text.size() - back);
    const Lead start = lead(byte_at(tail, 0));
    if (start.length > back && agreeing(tail, start) == back) return text.size() - back;
    if (start.length != 0) break;
  }
  return text.size();
}

}  // namespace linnet::utf8
