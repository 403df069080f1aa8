// Memory of packed weights: matrices share large pieces with huge pages, since a product reads all of them in order. A
// piece is freed with its last matrix.
//
//   PackedBytes bytes = packed_bytes(n);
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace linnet::cpu {

using PackedBytes = std::shared_ptr<std::uint8_t[]>;

// Uninitialised, 64-byte aligned; products may read 64 bytes past the end. For any thread.
PackedBytes packed_bytes(std::size_t bytes);

}  // namespace linnet::cpu
