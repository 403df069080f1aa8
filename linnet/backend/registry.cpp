#include "linnet/backend/reference/reference.h"
#include "linnet/base/error.h"

namespace linnet {
namespace {

Backend* g_replacement = nullptr;

}  // namespace

Backend& backend(Device device) {
  check(device.kind == Device::Kind::kCpu, "[backend] this build has no CUDA devices");
  if (g_replacement != nullptr) return *g_replacement;
  static const std::unique_ptr<Backend> cpu = make_cpu_backend();
  return *cpu;
}

BackendGuard::BackendGuard(Backend& replacement) : previous_(g_replacement) { g_replacement = &replacement; }
BackendGuard::~BackendGuard() { g_replacement = previous_; }

std::unique_ptr<Backend> make_reference_backend() { return std::make_unique<ReferenceBackend>(); }

}  // namespace linnet
