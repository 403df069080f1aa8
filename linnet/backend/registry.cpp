#include <utility>
#include <vector>

#include "linnet/backend/reference/reference.h"
#include "linnet/base/error.h"
#include "linnet/tensor/allocator.h"

namespace linnet {
namespace {

Backend* g_replacement = nullptr;

std::vector<std::pair<Device, Backend*>>& registered() {
  static std::vector<std::pair<Device, Backend*>> all;
  return all;
}

}  // namespace

Backend& backend(Device device) {
  if (device == kCpu) {
    if (g_replacement != nullptr) return *g_replacement;
    static const std::unique_ptr<Backend> cpu = make_cpu_backend();
    return *cpu;
  }
  for (const auto& [known, found] : registered())
    if (known == device) return *found;
  fail(ErrorKind::kInvalidArgument, "[backend] this build has no device {}", to_string(device));
}

BackendGuard::BackendGuard(Backend& replacement) : previous_(g_replacement) { g_replacement = &replacement; }
BackendGuard::~BackendGuard() { g_replacement = previous_; }

DeviceGuard::DeviceGuard(Device device, Backend& backend, Allocator& allocator) : device_(device) {
  set_allocator(device, &allocator);
  registered().emplace_back(device, &backend);
}
DeviceGuard::~DeviceGuard() {
  std::erase_if(registered(), [&](const auto& entry) { return entry.first == device_; });
  set_allocator(device_, nullptr);
}

std::unique_ptr<Backend> make_reference_backend() { return std::make_unique<ReferenceBackend>(); }

}  // namespace linnet
