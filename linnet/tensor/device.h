#pragma once

#include <cstdint>
#include <string>

namespace linnet {

// The device that holds a tensor's memory. kPrivateUse (PyTorch's name): a device that the program registers
// (DeviceGuard in backend/backend.h).
struct Device {
  enum class Kind : std::uint8_t { kCpu, kCuda, kPrivateUse };
  Kind kind = Kind::kCpu;
  int index = 0;
  bool operator==(const Device&) const = default;
};
inline constexpr Device kCpu{};
std::string to_string(Device device);  // "cpu", "cuda:0"

}  // namespace linnet
