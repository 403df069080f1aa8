// Bytes of a data file as they arrive: from a file, a pipe, standard input or memory, unpacked where they are gzip
// data. Nothing is held but what was asked for.
//
//   std::unique_ptr<ByteSource> bytes = open_bytes("reviews.csv.gz");
//   char buffer[4096];
//   for (std::size_t n; (n = bytes->read(buffer, sizeof buffer)) > 0;) use(buffer, n);
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace linnet {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Up to `most` bytes, as many as are there: waits for the first one only. 0 at the end.
  virtual std::size_t read(char* to, std::size_t most) = 0;
};

// A regular file or a pipe; "-" is standard input. Data that begin as gzip does are unpacked, whatever the name. Throws
// kBadInput naming the file: absent, a folder, no gzip data under a name in .gz, packed data that are broken, cut off
// or unpack to 200 times their size.
std::unique_ptr<ByteSource> open_bytes(const std::filesystem::path& file);

// The text must outlive the source.
std::unique_ptr<ByteSource> bytes_of(std::string_view text);

// Unpacks gzip members one after the other. `place` names the data in errors.
std::unique_ptr<ByteSource> unpack(std::unique_ptr<ByteSource> packed, std::string place);

// All that is left; kBadInput naming `place` where it is more than `most` bytes.
std::string read_rest(ByteSource& bytes, std::string_view place, std::size_t most);

}  // namespace linnet
