#include "linnet/data/text_source.h"

#include <zlib.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <system_error>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/utf8.h"

namespace linnet {
namespace {

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

std::string gunzip(std::string_view packed, std::string_view place, std::size_t most) {
  z_stream stream{};
  check(inflateInit2(&stream, 15 + 16) == Z_OK, ErrorKind::kRuntime, "{}: no memory to unpack it", place);
  const std::unique_ptr<z_stream, int (*)(z_stream*)> closing(&stream, inflateEnd);
  std::string out;
  const std::unique_ptr<char[]> buffer(new char[1 << 16]);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  std::size_t left = packed.size();
  int status = Z_OK;
  do {
    if (stream.avail_in == 0) {
      stream.avail_in = static_cast<uInt>(std::min<std::size_t>(left, 1 << 30));
      left -= stream.avail_in;
    }
    stream.next_out = reinterpret_cast<Bytef*>(buffer.get());
    stream.avail_out = 1 << 16;
    status = inflate(&stream, Z_NO_FLUSH);
    check(status == Z_OK || status == Z_STREAM_END, ErrorKind::kBadInput,
          "{}: not whole gzip data (at packed byte {}); make or download it again", place,
          packed.size() - left - stream.avail_in);
    out.append(buffer.get(), (1 << 16) - stream.avail_out);
    check(out.size() <= most, ErrorKind::kBadInput, "{}: unpacks to more than {} bytes; split it", place, most);
    const bool more = stream.avail_in > 0 || left > 0;
    if (status == Z_STREAM_END && more)
      status = inflateReset(&stream);  // another member
    else if (status == Z_OK && !more && stream.avail_out > 0)
      status = Z_BUF_ERROR;  // cut off
  } while (status == Z_OK);
  check(status == Z_STREAM_END, ErrorKind::kBadInput, "{}: the gzip data ends too early; download it again", place);
  return out;
}

void check_utf8(std::string_view text, std::string_view place) {
  if (utf8::valid(text)) return;
  std::int64_t line = 1;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = utf8::decode(text.substr(i));
    if (c.code == utf8::kInvalid)
      fail(ErrorKind::kBadInput, "{}:{}: the byte {:#04x} is not UTF-8; convert the file to UTF-8", place, line,
           static_cast<unsigned char>(text[i]));
    line += c.code == '\n';
    i += c.length;
  }
}

namespace {

// `--input <(command)`.
std::string read_pipe(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  check(in.is_open(), ErrorKind::kBadInput, "{}: cannot be opened", file.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

std::string read_data_text(const std::filesystem::path& file) {
  std::error_code error;
  std::string text = std::filesystem::is_fifo(file, error) ? read_pipe(file) : read_file(file);
  if (lower_ending(file) == "gz") text = gunzip(text, file.string());
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  check_utf8(text, file.string());
  return text;
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
