// The members of a zip archive whose bytes are stored as they are, which is how PyTorch writes its files.
//
//   for (const ZipMember& member : parse_zip(file->bytes(), "pytorch_model.bin")) …
//
// Refused: compressed or encrypted members, members that overlap, names that leave the folder, a name twice.
// Format: PKWARE's APPNOTE 6.3, zip64 included.
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
  std::uint32_t crc;       // as the archive claims it
};

// True if the bytes begin as a zip archive does.
bool looks_like_zip(std::span<const std::byte> file);

std::vector<ZipMember> parse_zip(std::span<const std::byte> file, std::string_view place);

}  // namespace linnet
