#include "linnet/data/text_source.h"

#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/base/utf8.h"

namespace linnet {
namespace {

constexpr std::size_t kTextBlock = 1 << 16;

std::string lower_ending(const std::filesystem::path& file) {
  std::string ending = file.extension().string();
  if (!ending.empty()) ending.erase(0, 1);
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return ending;
}

}  // namespace

std::string data_format(const std::filesystem::path& file) {
  const std::string ending = lower_ending(file);
  return ending == "gz" ? lower_ending(file.stem()) : ending;
}

void check_utf8(std::string_view text, std::string_view place, std::int64_t line) {
  if (utf8::valid(text)) return;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = utf8::decode(text.substr(i));
    if (c.code == utf8::kInvalid)
      fail(ErrorKind::kBadInput, "{}:{}: the byte {:#04x} is not UTF-8; convert the file to UTF-8", place, line,
           static_cast<unsigned char>(text[i]));
    line += c.code == '\n';
    i += c.length;
  }
}

std::string read_data_text(const std::filesystem::path& file) {
  const std::string place = file == "-" ? "stdin" : file.string();
  std::string text = read_rest(*open_bytes(file), place, kMaxTextBytes);
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  check_utf8(text, place);
  return text;
}

TextBuffer::TextBuffer(std::unique_ptr<ByteSource> bytes, std::string place)
    : bytes_(std::move(bytes)), place_(std::move(place)) {}

void TextBuffer::read_block() {
  const std::size_t had = buffer_.size(), want = std::max(kTextBlock, had);
  buffer_.resize(had + want);
  const std::size_t got = bytes_->read(buffer_.data() + had, want);
  buffer_.resize(had + got);
  ended_ = got == 0;
}

bool TextBuffer::more() {
  if (ended_) return false;
  buffer_.erase(0, at_);
  at_ = 0;
  const std::size_t had = buffer_.size();
  read_block();
  if (!begun_) {
    constexpr std::string_view kMark = "\xEF\xBB\xBF";
    while (!ended_ && buffer_.size() < kMark.size() && kMark.starts_with(buffer_)) read_block();
    begun_ = true;
    if (buffer_.starts_with(kMark)) buffer_.erase(0, kMark.size());
    return !buffer_.empty() || (!ended_ && more());
  }
  return buffer_.size() > had;
}

// Decides by the text available at the end of the first line: more may take long.
void LineSource::find_ends() {
  for (;;) {
    const std::string_view seen = text_.view();
    const auto first = seen.find_first_of("\r\n");
    const bool half = first != seen.npos && first + 1 == seen.size() && seen[first] == '\r';  // of "\r\n"?
    if ((first != seen.npos && !half) || text_.ended() || seen.size() > kMaxRowBytes) break;
    text_.more();
  }
  const std::string_view seen = text_.view();
  ends_ = seen.find('\r') != seen.npos && seen.find('\n') == seen.npos ? Ends::kReturns : Ends::kNewlines;
}

bool LineSource::next(std::string_view& line) {
  if (ends_ == Ends::kUnknown) find_ends();
  for (std::size_t scanned = 0;;) {
    const std::string_view view = text_.view();
    const auto end = std::min(view.find_first_of(ends_ == Ends::kReturns ? "\r\n" : "\n", scanned), view.size());
    check(end <= kMaxRowBytes, ErrorKind::kBadInput, "{}:{}: the line is longer than {} bytes; split it", text_.place(),
          line_ + 1, kMaxRowBytes);
    const bool half = end + 1 == view.size() && view[end] == '\r';  // of "\r\n"?
    if ((end == view.size() || half) && !text_.ended()) {
      scanned = end;
      text_.more();
      continue;
    }
    if (view.empty()) return false;
    line = view.substr(0, end);
    std::size_t used = std::min(end + 1, view.size());
    if (end < view.size() && view[end] == '\r' && view.substr(used).starts_with('\n')) ++used;
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++line_;
    check_utf8(line, text_.place(), line_);
    text_.skip(used);
    return true;
  }
}

bool LineReader::next(std::string_view& line) {
  if (rest_.empty()) return false;
  const auto end = rest_.find('\n');
  line = rest_.substr(0, end);
  rest_ = end == rest_.npos ? std::string_view() : rest_.substr(end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  ++line_;
  return true;
}

}  // namespace linnet
