// The memory of a device: allocation, and copies between it and the CPU's. Only these functions and the device's
// kernels (backend/) read or write it.
#pragma once

#include <cstddef>
#include <memory>

#include "linnet/tensor/device.h"
#include "linnet/tensor/storage.h"

namespace linnet {

class Allocator {
 public:
  virtual ~Allocator() = default;
  virtual std::shared_ptr<Storage> allocate(std::size_t bytes) = 0;  // uninitialised, 64-byte aligned
  virtual void zero(std::byte* to, std::size_t bytes) = 0;
  virtual void copy(std::byte* to, const std::byte* from, std::size_t bytes) = 0;  // within the device
  virtual void copy_from_cpu(std::byte* to, const std::byte* from, std::size_t bytes) = 0;
  virtual void copy_to_cpu(std::byte* to, const std::byte* from, std::size_t bytes) = 0;
};

// kInvalidArgument for a device without one.
Allocator& allocator(Device device);
// Sets the allocator of a device other than the CPU; null removes it. It must outlive every tensor on the device.
void set_allocator(Device device, Allocator* allocator);

}  // namespace linnet
