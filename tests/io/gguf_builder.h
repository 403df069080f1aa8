// Writes GGUF bytes manually, so that tests can create files that no writer would.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace linnet {

template <class T>
std::string raw(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}
inline std::string gguf_text(std::string_view text) { return raw<std::uint64_t>(text.size()).append(text); }

struct GgufBuilder {
  std::uint32_t version = 3;
  std::vector<std::string> entries, tensors;
  std::string data;

  // `type` and `value` in the format's encoding.
  void entry(std::string_view key, std::uint32_t type, const std::string& value) {
    entries.push_back(gguf_text(key) + raw(type) + value);
  }
  void tensor(std::string_view name, const std::vector<std::uint64_t>& dims, std::uint32_t type, std::uint64_t offset) {
    std::string bytes = gguf_text(name) + raw(static_cast<std::uint32_t>(dims.size()));
    for (const std::uint64_t d : dims) bytes += raw(d);
    tensors.push_back(bytes + raw(type) + raw(offset));
  }
  std::string build() const {
    std::string bytes = "GGUF" + raw(version) + raw<std::uint64_t>(tensors.size()) + raw<std::uint64_t>(entries.size());
    for (const std::string& e : entries) bytes += e;
    for (const std::string& t : tensors) bytes += t;
    if (!tensors.empty()) bytes.resize((bytes.size() + 31) / 32 * 32, '\0');
    return bytes + data;
  }
};

}  // namespace linnet
