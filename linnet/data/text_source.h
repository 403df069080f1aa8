// Reads the text of a data file, compressed or not, in pieces.
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

// The maximum size of a line, or of a row of cells or JSON.
inline constexpr std::size_t kMaxRowBytes = std::size_t{16} << 20;
// The maximum size of a text that is read at once.
inline constexpr std::size_t kMaxTextBytes = std::size_t{1} << 30;

// The ending of the file name in lower case without ".gz": "txt", "jsonl", … (or "").
std::string data_format(const std::filesystem::path& file);

// Reads the whole file as one text, decompressed, without a byte order mark. Throws kBadInput naming the file, and the
// line of a byte that is not UTF-8.
std::string read_data_text(const std::filesystem::path& file);

// Throws kBadInput naming place:line if the text, which begins at `line`, is not UTF-8.
void check_utf8(std::string_view text, std::string_view place, std::int64_t line = 1);

// The part of a text that was read and not used yet. Skips a byte order mark at its start.
class TextBuffer {
 public:
  TextBuffer(std::unique_ptr<ByteSource> bytes, std::string place);

  std::string_view view() const { return std::string_view(buffer_).substr(at_); }
  bool ended() const { return ended_; }  // nothing follows `view`
  // Reads as much again, or what a pipe has available. Returns false and sets `ended` at the end. Invalidates earlier
  // views.
  bool more();
  void skip(std::size_t bytes) { at_ += bytes; }
  const std::string& place() const { return place_; }  // for errors

 private:
  void read_block();

  std::unique_ptr<ByteSource> bytes_;
  std::string place_, buffer_;
  std::size_t at_ = 0;
  bool ended_ = false, begun_ = false;
};

// Lines without their ends: \n, \r\n, or \r in a text whose beginning has no \n. The last line end does not start a new
// line.
class LineSource {
 public:
  LineSource(std::unique_ptr<ByteSource> bytes, std::string place) : text_(std::move(bytes), std::move(place)) {}
  explicit LineSource(TextBuffer text) : text_(std::move(text)) {}

  // Reads the next line, valid until the next call. kBadInput if it is too long or not UTF-8.
  bool next(std::string_view& line);
  std::int64_t line() const { return line_; }  // 1-based number of the last line

 private:
  enum class Ends : std::uint8_t { kUnknown, kNewlines, kReturns };
  void find_ends();

  TextBuffer text_;
  Ends ends_ = Ends::kUnknown;
  std::int64_t line_ = 0;
};

// The same for a text in memory.
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
