// Reads the bytes of a pickle and rejects broken ones.
//
//   PickleCode code(bytes, "pytorch_model.bin");
//   const auto opcode = code.number<std::uint8_t>();
//   code.refuse("has the opcode 0x{:02x}", opcode);   // kBadInput: "pytorch_model.bin: the pickle at byte 1: …"
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "linnet/base/error.h"

namespace linnet {

class PickleCode {
 public:
  PickleCode(std::string_view bytes, std::string_view place) : bytes_(bytes), place_(place) {}

  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
    fail(ErrorKind::kBadInput, "{}: the pickle at byte {}: {}; save the model as safetensors, or do not trust it",
         place_, at_, fmt::format(format, std::forward<Args>(args)...));
  }

  std::string_view bytes(std::uint64_t count) {
    if (count > bytes_.size() - at_) refuse("ends in the middle of an opcode that needs {} bytes", count);
    const std::string_view taken = bytes_.substr(at_, static_cast<std::size_t>(count));
    at_ += static_cast<std::size_t>(count);
    return taken;
  }
  template <class T>
  T number() {  // little-endian
    T value;
    std::memcpy(&value, bytes(sizeof(T)).data(), sizeof(T));
    return value;
  }
  std::string_view line() {
    const auto end = bytes_.find('\n', at_);
    if (end == bytes_.npos) refuse("ends in the middle of a line");
    const std::string_view text = bytes_.substr(at_, end - at_);
    at_ = end + 1;
    return text;
  }
  void step_back() { --at_; }  // a message then names the byte of the opcode
  std::size_t at() const { return at_; }

 private:
  std::string_view bytes_, place_;
  std::size_t at_ = 0;
};

}  // namespace linnet
