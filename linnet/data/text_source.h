// The text of a data file, whatever it is packed in.
//
//   std::string text = read_data_text("reviews.csv.gz");   // unpacked, without a byte order mark, valid UTF-8
//   data_format("reviews.csv.gz")                          // "csv"
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace linnet {

// More unpacked bytes than this are refused.
inline constexpr std::size_t kMaxUnpacked = std::size_t{4} << 30;

// The ending that says how to read the file, in lower case, without ".gz": "txt", "jsonl", … ("" where there is none).
std::string data_format(const std::filesystem::path& file);

// Throws kBadInput naming the file, and the line where a byte is not UTF-8.
std::string read_data_text(const std::filesystem::path& file);

// Unpacks gzip members one after the other. `place` names the data in errors.
std::string gunzip(std::string_view packed, std::string_view place, std::size_t most = kMaxUnpacked);

// Throws kBadInput naming place:line where the text is not UTF-8.
void check_utf8(std::string_view text, std::string_view place);

// Lines without their ends (\n or \r\n); a last line end makes no further line.
class LineReader {
 public:
  explicit LineReader(std::string_view text) : rest_(text) {}
  bool next(std::string_view& line);
  std::int64_t line() const { return line_; }  // 1-based number of the line that `next` gave

 private:
  std::string_view rest_;
  std::int64_t line_ = 0;
};

}  // namespace linnet
