#include "linnet/tensor/allocator.h"

#include <cstring>
#include <utility>
#include <vector>

#include "linnet/base/error.h"

namespace linnet {
namespace {

class CpuAllocator final : public Allocator {
 public:
  std::shared_ptr<Storage> allocate(std::size_t bytes) override { return Storage::allocate(bytes); }
  void zero(std::byte* to, std::size_t bytes) override { std::memset(to, 0, bytes); }
  void copy(std::byte* to, const std::byte* from, std::size_t bytes) override { std::memcpy(to, from, bytes); }
  void copy_from_cpu(std::byte* to, const std::byte* from, std::size_t bytes) override { copy(to, from, bytes); }
  void copy_to_cpu(std::byte* to, const std::byte* from, std::size_t bytes) override { copy(to, from, bytes); }
};

// Devices are registered before tensors are made on them, not while other threads compute.
std::vector<std::pair<Device, Allocator*>>& device_allocators() {
  static auto* const all = new std::vector<std::pair<Device, Allocator*>>;
  return *all;
}

}  // namespace

std::string to_string(Device device) {
  constexpr const char* kNames[] = {"cpu", "cuda", "privateuse"};
  const std::string name = kNames[static_cast<std::size_t>(device.kind)];
  return device.kind == Device::Kind::kCpu ? name : name + ":" + std::to_string(device.index);
}

Allocator& allocator(Device device) {
  static auto* const cpu = new CpuAllocator;  // never destroyed, like the memory of static tensors
  if (device == kCpu) return *cpu;
  for (const auto& [known, found] : device_allocators())
    if (known == device) return *found;
  fail(ErrorKind::kInvalidArgument, "[device] this build has no device {}", to_string(device));
}

void set_allocator(Device device, Allocator* allocator) {
  LINNET_ASSERT(device != kCpu);
  auto& all = device_allocators();
  std::erase_if(all, [&](const auto& entry) { return entry.first == device; });
  if (allocator != nullptr) all.emplace_back(device, allocator);
}

}  // namespace linnet
