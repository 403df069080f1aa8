// The quarantined device itself: it faults where it must, and works where it must.
#include "tests/quarantine.h"

#include <gtest/gtest.h>

#include "linnet/ops/ops.h"

namespace linnet {
namespace {

Tensor moved(std::initializer_list<float> values) {
  return Tensor::from(std::vector<float>(values), {1, static_cast<std::int64_t>(values.size())}).to(quarantine());
}

TEST(Quarantine, ATouchFromOutsideFaults) {
  const Tensor x = moved({1, 2, 3});
  const volatile auto* const address = reinterpret_cast<const volatile float*>(x.data_ptr());
  EXPECT_DEATH((void)*address, "");
}

TEST(Quarantine, HostAccessIsRefusedByName) {
  const Tensor x = moved({1, 2, 3});
  try {
    (void)x.data<float>();
    FAIL() << "was not refused";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("privateuse:0"), std::string::npos) << error.what();
  }
}

TEST(Quarantine, CopiesAndKernelsWork) {
  const Tensor x = moved({1, 2, 3}), y = moved({10, 20, 30});
  EXPECT_EQ(x.device(), quarantine());
  const Tensor sum = add(x, y);
  EXPECT_EQ(sum.device(), quarantine());
  const Tensor back = sum.to(kCpu);
  EXPECT_EQ(std::vector<float>(back.data<float>().begin(), back.data<float>().end()), (std::vector<float>{11, 22, 33}));
  EXPECT_EQ(x.clone().slice(1, 0, 1).item(), 1);
  const Tensor zeros = Tensor::zeros({1, 3}, DType::kF32, quarantine());
  zeros.copy_from(back);
  EXPECT_EQ(zeros.slice(1, 2, 3).item(), 33);
}

TEST(Quarantine, TensorsOfTwoDevicesDoNotMix) {
  const Tensor here = Tensor::from(std::vector<float>{1, 2, 3}, {1, 3});
  EXPECT_THROW(add(here, moved({1, 2, 3})), Error);
}

}  // namespace
}  // namespace linnet
