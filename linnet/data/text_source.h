// The text of a data file, whatever it is packed in, a piece at a time.
//
//   LineSource lines(open_bytes("reviews.txt.gz"), "reviews.txt.gz");
//   for (std::string_view line; lines.next(line);) use(line, lines.line());
//   data_format("reviews.csv.gz")  // "csv"
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "linnet/data/byte_source.h"

namespace linnet {

// A line, or a row of cells or of JSON, with more bytes than this is refused.
inline constexpr std::size_t kMaxRowBytes = std::size_t{16} << 20;
// A text that is read whole with more bytes than this is refused.
inline constexpr std::size_t kMaxTextBytes = std::size_t{1} << 30;

// The ending that says how to read the file, in lower case, without ".gz": "txt", "jsonl", … ("" where there is none).
std::string data_format(const std::filesystem::path& file);

// The whole file as one text, unpacked, without a byte order mark. Throws kBadInput naming the file, and the line where
// a byte is not UTF-8.
std::string read_data_text(const std::filesystem::path& file);

// Throws kBadInput naming place:line where the text, which begins on `line`, is not UTF-8.
void check_utf8(std::string_view text, std::string_view place, std::int64_t line = 1);

// What has been read of a text and not been used yet. A byte order mark at its start is passed over.
class TextBuffer {
 public:
  TextBuffer(std::unique_ptr<ByteSource> bytes, std::string place);

  std::string_view view() const { return std::string_view(buffer_).substr(at_); }
  bool ended() const { return ended_; }  // nothing follows what `view` shows
  // Reads on: as much again as there is, or what a pipe has just now. False, and `ended`, where nothing follows. Views
  // from before are no longer good.
  bool more();
  void skip(std::size_t bytes) { at_ += bytes; }
  const std::string& place() const { return place_; }  // of errors

 private:
  void read_block();

  std::unique_ptr<ByteSource> bytes_;
  std::string place_, buffer_;
  std::size_t at_ = 0;
  bool ended_ = false, begun_ = false;
};

// Lines without their ends: \n, \r\n, or \r in a text whose beginning has no \n. A last line end makes no further line.
class LineSource {
 public:
  LineSource(std::unique_ptr<ByteSource> bytes, std::string place) : text_(std::move(bytes), std::move(place)) {}
  explicit LineSource(TextBuffer text) : text_(std::move(text)) {}

  // The next line, good until the one after it. kBadInput where it is too long or not UTF-8.
  bool next(std::string_view& line);
  std::int64_t line() const { return line_; }  // 1-based number of the line that `next` gave

 private:
  enum class Ends : std::uint8_t { kUnknown, kNewlines, kReturns };
  void find_ends();

  TextBuffer text_;
  Ends ends_ = Ends::kUnknown;
  std::int64_t line_ = 0;
};

// The same of a text in memory.
class LineReader {
 public:
  explicit LineReader(std::string_view text) : rest_(text) {}
  bool next(std::string_view& line);
  std::int64_t line() const { return line_; }

 private:
  std::string_view rest_;
  std::int64_t line_ = 0;
};

}  // namespace linnet
