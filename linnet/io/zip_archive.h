// The members of an uncompressed zip archive, the format of PyTorch's files.
//
//   for (const ZipMember& member : parse_zip(file->bytes(), "pytorch_model.bin")) …
//
// Rejects compressed or encrypted members, overlapping members, names outside the folder, duplicate names. Format:
// PKWARE's APPNOTE 6.3, zip64 included.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace linnet {

struct ZipMember {
  std::string name;
  std::size_t begin, end;  // of its bytes in the file
  std::uint32_t crc;       // as stored in the archive
};

// True if the bytes begin like a zip archive.
bool looks_like_zip(std::span<const std::byte> file);

std::vector<ZipMember> parse_zip(std::span<const std::byte> file, std::string_view place);

}  // namespace linnet
