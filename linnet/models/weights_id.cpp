#include "linnet/models/weights_id.h"

#include <fmt/format.h>

#include "linnet/base/sha256.h"

namespace linnet::models {

std::string weights_id(const CheckpointReader& checkpoint) {
  constexpr std::size_t kPieces = 4, kPiece = 256;  // at the start, at the end and in between
  Sha256 hash;
  for (const std::string& name : checkpoint.names()) {
    const Tensor tensor = checkpoint.read(name);
    const std::string head = fmt::format("{} {} {}\n", name, info(tensor.dtype()).name, to_string(tensor.shape()));
    hash.update(head.data(), head.size());
    const std::size_t bytes = tensor.bytes();
    if (bytes <= kPieces * kPiece) {
      hash.update(tensor.raw(), bytes);
      continue;
    }
    for (std::size_t i = 0; i < kPieces; ++i) hash.update(tensor.raw() + (bytes - kPiece) / (kPieces - 1) * i, kPiece);
  }
  return hash.finish();
}

}  // namespace linnet::models
