#include <gtest/gtest.h>

#include "linnet/backend/backend.h"
#include "linnet/base/error.h"

namespace linnet {
namespace {

TEST(Registry, TheCpuIsTheDefault) { EXPECT_STREQ(backend(kCpu).name(), "cpu"); }

TEST(Registry, AGuardPutsAnotherInItsPlaceForItsLifetime) {
  const auto reference = make_reference_backend(), inner = make_reference_backend();
  {
    const BackendGuard guard(*reference);
    EXPECT_EQ(&backend(kCpu), reference.get());
    {
      const BackendGuard again(*inner);
      EXPECT_EQ(&backend(kCpu), inner.get());
    }
    EXPECT_EQ(&backend(kCpu), reference.get());
  }
  EXPECT_STREQ(backend(kCpu).name(), "cpu");
}

TEST(Registry, NoCudaHere) { EXPECT_THROW(backend({Device::Kind::kCuda, 0}), Error); }

}  // namespace
}  // namespace linnet
