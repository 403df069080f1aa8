#include "linnet/backend/cpu/packed_bytes.h"

#include <algorithm>
#include <mutex>

#include "linnet/tensor/storage.h"

namespace linnet::cpu {
namespace {

constexpr std::size_t kPiece = std::size_t{16} << 20, kAlignment = 64;

struct Piece {
  std::shared_ptr<Storage> memory;
  std::size_t used;
};

}  // namespace

PackedBytes packed_bytes(std::size_t bytes) {
  static std::mutex mutex;
  static std::weak_ptr<Piece> open;  // weak: an unused piece is freed
  const std::size_t size = (bytes + kAlignment - 1) / kAlignment * kAlignment + kAlignment;
  const std::lock_guard lock(mutex);
  std::shared_ptr<Piece> piece = open.lock();
  if (piece == nullptr || piece->used + size > piece->memory->bytes()) {
    piece = std::make_shared<Piece>(Piece{Storage::allocate(std::max(size, kPiece)), 0});
    if (size < kPiece) open = piece;
  }
  auto* const at = reinterpret_cast<std::uint8_t*>(piece->memory->data()) + piece->used;
  piece->used += size;
  return {piece, at};
}

}  // namespace linnet::cpu
