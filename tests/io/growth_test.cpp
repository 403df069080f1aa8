// Reading a .npy file costs time and memory in proportion to it.
#include "tests/growth.h"

#include <gtest/gtest.h>

#include <numeric>

#include "linnet/io/npy.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

namespace fs = std::filesystem;

fs::path matrix(const fs::path& file, std::size_t rows, std::int64_t width) {
  NpyWriter out(file, static_cast<std::int64_t>(rows), width);
  const std::vector<float> row(static_cast<std::size_t>(width), 0.5F);
  for (std::size_t i = 0; i < rows; ++i) out.add(row);
  out.commit();
  return file;
}

void use(const fs::path& file) {
  const Tensor values = read_npy(file);
  const auto all = values.data<float>();
  EXPECT_GT(std::accumulate(all.begin(), all.end(), 0.0), 0);
}

TEST(NpyGrowth, ManyRowsAndWideRows) {
  const Scratch scratch;
  test::expect_linear(
      1 << 17, [&](std::size_t n) { return matrix(scratch / ("rows" + std::to_string(n)), n, 32); }, use);
  test::expect_linear(
      1 << 20,
      [&](std::size_t n) { return matrix(scratch / ("width" + std::to_string(n)), 4, static_cast<std::int64_t>(n)); },
      use);
}

// Values that do not start at a multiple of four bytes are copied.
TEST(NpyGrowth, ValuesThatAreNotAligned) {
  const Scratch scratch;
  const auto make = [&](std::size_t n) {
    const std::string header = fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, 4), }}", n);
    const auto length = static_cast<char>(header.size() + header.size() % 2 + 1);  // an odd offset
    std::string bytes = std::string("\x93NUMPY\x01\x00", 8) + length + '\0' + header;
    bytes.resize(10 + static_cast<std::size_t>(length), ' ');
    for (std::size_t i = 0; i < 4 * n; ++i) bytes.append("\0\0\0\x3f", 4);
    put(scratch / std::to_string(n), bytes);
    return scratch / std::to_string(n);
  };
  test::expect_linear(1 << 18, make, use);
}

// The header's size is compared with the file before allocation.
TEST(NpyGrowth, AShapeThatIsNotThereTakesNoMemory) {
  const Scratch scratch;
  const auto make = [&](std::size_t n) {
    std::string bytes = std::string("\x93NUMPY\x01\x00\x76\x00", 10);
    bytes += fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, 1024), }}", n << 20);
    bytes.resize(128, ' ');
    put(scratch / std::to_string(n), bytes);
    return scratch / std::to_string(n);
  };
  test::expect_linear(1, make, use, true);
}

}  // namespace
}  // namespace linnet
