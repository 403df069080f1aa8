#include "linnet/tensor/allocator.h"

#include <gtest/gtest.h>

#include "linnet/base/error.h"
#include "linnet/tensor/tensor.h"

namespace linnet {
namespace {

constexpr Device kOther{Device::Kind::kPrivateUse, 3};

TEST(Allocator, ADeviceThatIsNotHereIsNamed) {
  for (const auto& [device, name] : {std::pair(Device{Device::Kind::kCuda, 1}, "cuda:1"), {kOther, "privateuse:3"}}) {
    try {
      Tensor::empty({2}, DType::kF32, device);
      FAIL() << "was not refused";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << error.what();
    }
  }
}

TEST(Allocator, DevicesHavePyTorchsNames) {
  EXPECT_EQ(to_string(kCpu), "cpu");
  EXPECT_EQ(to_string(Device{Device::Kind::kCuda, 0}), "cuda:0");
}

// Another device's memory, by the CPU's functions; counts copies from and to it.
class Counting final : public Allocator {
 public:
  std::shared_ptr<Storage> allocate(std::size_t bytes) override {
    const auto own = Storage::allocate(bytes);
    return Storage::wrap(own->data(), bytes, own, kOther);
  }
  void zero(std::byte* to, std::size_t bytes) override { allocator(kCpu).zero(to, bytes); }
  void copy(std::byte* to, const std::byte* from, std::size_t bytes) override { allocator(kCpu).copy(to, from, bytes); }
  void copy_from_cpu(std::byte* to, const std::byte* from, std::size_t bytes) override { ++in, copy(to, from, bytes); }
  void copy_to_cpu(std::byte* to, const std::byte* from, std::size_t bytes) override { ++out, copy(to, from, bytes); }
  int in = 0, out = 0;
};

TEST(Allocator, TensorsAreCopiedBetweenDevices) {
  Counting other;
  set_allocator(kOther, &other);
  {
    const Tensor here = Tensor::from(std::vector<float>{1, 2, 3, 4}, {2, 2});
    EXPECT_TRUE(here.to(kCpu).same(here));
    const Tensor there = here.to(kOther), row = there.slice(0, 1, 2);
    EXPECT_EQ(there.device(), kOther);
    EXPECT_FALSE(there.storage()->mapped());
    EXPECT_EQ(std::pair(other.in, other.out), std::pair(1, 0));
    EXPECT_THROW(there.raw(), Error);
    EXPECT_EQ(row.to(kCpu).data<float>()[1], 4);
    EXPECT_EQ(row.select(1, 0).item(), 3);
    row.zero();
    EXPECT_EQ(there.to(kCpu).data<float>()[3], 0);
    EXPECT_EQ(there.to(kCpu).data<float>()[1], 2);
    const Tensor copy = there.clone();
    copy.zero();
    EXPECT_EQ(there.to(kCpu).data<float>()[1], 2);
    here.copy_from(copy);
    EXPECT_EQ(here.data<float>()[0], 0);
  }
  set_allocator(kOther, nullptr);
}

TEST(Allocator, CopiesNeedTheSameShapeTypeAndOrder) {
  const Tensor square = Tensor::zeros({2, 2}), line = Tensor::zeros({4}), ids = Tensor::zeros({2, 2}, DType::kI32);
  EXPECT_THROW(square.copy_from(line), Error);
  EXPECT_THROW(square.copy_from(ids), Error);
  EXPECT_THROW(square.copy_from(square.transpose(0, 1)), Error);
  EXPECT_THROW(square.transpose(0, 1).zero(), Error);
  EXPECT_THROW((void)line.item(), Error);
}

}  // namespace
}  // namespace linnet
