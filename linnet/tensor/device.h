#pragma once

#include <cstdint>

namespace linnet {

// The device that holds a tensor's memory.
struct Device {
  enum class Kind : std::uint8_t { kCpu, kCuda };
  Kind kind = Kind::kCpu;
  int index = 0;
  bool operator==(const Device&) const = default;
};

}  // namespace linnet
