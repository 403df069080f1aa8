// Bytes of a data file: from a file, a pipe, standard input or memory; gzip data are decompressed. Memory holds only
// the requested bytes.
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
  // Reads up to `most` bytes that are available; waits only for the first one. Returns 0 at the end.
  virtual std::size_t read(char* to, std::size_t most) = 0;
};

// A regular file or a pipe; "-" is standard input. gzip data are detected by content and decompressed. Throws kBadInput
// naming the file: absent, a folder, a .gz file without gzip data, compressed data that are broken, truncated or expand
// to 200 times their size.
std::unique_ptr<ByteSource> open_bytes(const std::filesystem::path& file);

// The text must outlive the source.
std::unique_ptr<ByteSource> bytes_of(std::string_view text);

// Decompresses a sequence of gzip members. `place` names the data in errors.
std::unique_ptr<ByteSource> unpack(std::unique_ptr<ByteSource> packed, std::string place);

// The remaining bytes; kBadInput naming `place` if there are more than `most`.
std::string read_rest(ByteSource& bytes, std::string_view place, std::size_t most);

}  // namespace linnet
