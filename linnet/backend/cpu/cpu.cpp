#include "linnet/backend/reference/reference.h"

namespace linnet {
namespace {

class CpuBackend : public ReferenceBackend {
 public:
  const char* name() const override { return "cpu"; }
};

}  // namespace

std::unique_ptr<Backend> make_cpu_backend() { return std::make_unique<CpuBackend>(); }

}  // namespace linnet
