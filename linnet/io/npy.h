// A matrix of f32 values in NumPy's .npy format.
//
//   NpyWriter out("vectors.npy", texts, width);
//   out.add(vector);                             // row by row
//   out.commit();                                // the file gets its name
//   Tensor again = read_npy("vectors.npy");      // [texts, width], mapped
//
// Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "linnet/base/file.h"
#include "linnet/tensor/tensor.h"

namespace linnet {

class NpyWriter {
 public:
  NpyWriter(const std::filesystem::path& file, std::int64_t rows, std::int64_t width);
  void add(std::span<const float> row);  // of `width` numbers
  void commit();                         // after `rows` rows

 private:
  AtomicFile file_;
  std::int64_t rows_, width_, added_ = 0;
};

// kBadInput naming the file: not a .npy file, not a row-major matrix of little-endian f32, a size that differs from the
// header's.
Tensor read_npy(const std::filesystem::path& file);

}  // namespace linnet
