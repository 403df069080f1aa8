#include "linnet/base/find.h"

#include <cstring>
#include <string>

namespace linnet {

// glibc's memmem is the two-way algorithm.
std::size_t find_text(std::string_view text, std::string_view part, std::size_t from) {
  if (from > text.size()) return text.npos;
  if (part.empty()) return from;
  const void* found = memmem(text.data() + from, text.size() - from, part.data(), part.size());
  return found == nullptr ? text.npos : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

std::size_t rfind_text(std::string_view text, std::string_view part) {
  if (part.size() < 16) return text.rfind(part);  // so short that the product is small
  const std::string backwards(text.rbegin(), text.rend()), wanted(part.rbegin(), part.rend());
  const std::size_t at = find_text(backwards, wanted);
  return at == text.npos ? text.npos : text.size() - at - part.size();
}

}  // namespace linnet
