#include "linnet/data/byte_source.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "linnet/base/error.h"
#include "linnet/base/file.h"

namespace linnet {
namespace {

constexpr std::size_t kBlock = 1 << 16;

class MemoryBytes : public ByteSource {
 public:
  explicit MemoryBytes(std::string_view text) : rest_(text) {}
  std::size_t read(char* to, std::size_t most) override {
    const std::size_t n = std::min(most, rest_.size());
    std::memcpy(to, rest_.data(), n);
    rest_.remove_prefix(n);
    return n;
  }

 private:
  std::string_view rest_;
};

class FileBytes : public ByteSource {
 public:
  explicit FileBytes(const std::filesystem::path& file) : place_(file == "-" ? "stdin" : file.string()) {
    if (file == "-") return;
    const Presence there = presence(file);
    check(there != Presence::kAbsent, ErrorKind::kBadInput, "{}: is not there; check the path", place_);
    check(there != Presence::kFolder, ErrorKind::kBadInput, "{}: is a folder, not a data file; name a file in it",
          place_);
    descriptor_ = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    check(descriptor_ >= 0, ErrorKind::kBadInput, "{}: cannot be opened ({}); check its permissions", place_,
          std::strerror(errno));
  }
  ~FileBytes() override {
    if (descriptor_ != STDIN_FILENO) ::close(descriptor_);
  }
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  // A pipe returns its data in pieces; the available ones are read together.
  std::size_t read(char* to, std::size_t most) override {
    std::size_t got = 0;
    while (got < most && (got == 0 || ready())) {
      const ssize_t n = ::read(descriptor_, to + got, most - got);
      if (n < 0 && errno == EINTR) continue;
      check(n >= 0, ErrorKind::kBadInput, "{}: cannot be read ({}); check the file", place_, std::strerror(errno));
      if (n == 0) break;
      got += static_cast<std::size_t>(n);
    }
    return got;
  }

 private:
  bool ready() const {
    pollfd asked{descriptor_, POLLIN, 0};
    return ::poll(&asked, 1, 0) == 1 && (asked.revents & POLLIN) != 0;
  }

  std::string place_;
  int descriptor_ = STDIN_FILENO;
};

class UnpackedBytes : public ByteSource {
 public:
  UnpackedBytes(std::unique_ptr<ByteSource> packed, std::string place)
      : packed_(std::move(packed)), place_(std::move(place)), block_(new char[kBlock]) {
    check(inflateInit2(&stream_, 15 + 16) == Z_OK, ErrorKind::kRuntime, "{}: no memory to unpack it", place_);
  }
  ~UnpackedBytes() override { inflateEnd(&stream_); }
  UnpackedBytes(const UnpackedBytes&) = delete;
  UnpackedBytes& operator=(const UnpackedBytes&) = delete;

  std::size_t read(char* to, std::size_t most) override {
    most = std::min<std::size_t>(most, 1 << 30);
    stream_.next_out = reinterpret_cast<Bytef*>(to);
    stream_.avail_out = static_cast<uInt>(most);
    while (stream_.avail_out == most) {
      if (stream_.avail_in == 0 && !refill()) {
        check(whole_, ErrorKind::kBadInput, "{}: the gzip data end too early; download it again", place_);
        return 0;
      }
      if (whole_) inflateReset(&stream_);  // another member
      const int status = inflate(&stream_, Z_NO_FLUSH);
      check(status == Z_OK || status == Z_STREAM_END, ErrorKind::kBadInput,
            "{}: not whole gzip data (at packed byte {}); make or download it again", place_, read_ - stream_.avail_in);
      whole_ = status == Z_STREAM_END;
    }
    made_ += most - stream_.avail_out;
    check(made_ < kFreely || made_ < read_ * kMostRatio, ErrorKind::kBadInput,
          "{}: unpacks to more than {} times its size; unpack it first if it is sound", place_, kMostRatio);
    return most - stream_.avail_out;
  }

 private:
  static constexpr std::size_t kFreely = std::size_t{64} << 20, kMostRatio = 200;

  bool refill() {
    const std::size_t n = packed_->read(block_.get(), kBlock);
    stream_.next_in = reinterpret_cast<Bytef*>(block_.get());
    stream_.avail_in = static_cast<uInt>(n);
    read_ += n;
    return n > 0;
  }

  std::unique_ptr<ByteSource> packed_;
  std::string place_;
  std::unique_ptr<char[]> block_;
  z_stream stream_{};
  std::size_t read_ = 0, made_ = 0;
  bool whole_ = false;  // a member has ended and the next has not begun
};

// Returns the bytes that were peeked at, then the rest.
class Resumed : public ByteSource {
 public:
  Resumed(std::string begin, std::unique_ptr<ByteSource> rest) : begin_(std::move(begin)), rest_(std::move(rest)) {}
  std::size_t read(char* to, std::size_t most) override {
    if (at_ == begin_.size()) return rest_->read(to, most);
    const std::size_t n = begin_.copy(to, most, at_);
    at_ += n;
    return n;
  }

 private:
  std::string begin_;
  std::size_t at_ = 0;
  std::unique_ptr<ByteSource> rest_;
};

}  // namespace

std::unique_ptr<ByteSource> bytes_of(std::string_view text) { return std::make_unique<MemoryBytes>(text); }

std::unique_ptr<ByteSource> unpack(std::unique_ptr<ByteSource> packed, std::string place) {
  return std::make_unique<UnpackedBytes>(std::move(packed), std::move(place));
}

std::unique_ptr<ByteSource> open_bytes(const std::filesystem::path& file) {
  const std::string place = file == "-" ? "stdin" : file.string();
  std::unique_ptr<ByteSource> bytes = std::make_unique<FileBytes>(file);
  std::string begin(2, '\0');
  std::size_t got = 0;
  for (std::size_t n; got < begin.size() && (n = bytes->read(begin.data() + got, begin.size() - got)) > 0;) got += n;
  begin.resize(got);
  const bool packed = begin == "\x1f\x8b";
  check(packed || !place.ends_with(".gz") || got == 0, ErrorKind::kBadInput,
        "{}: its name ends in .gz and it is not gzip data; rename it, or make it again", place);
  bytes = std::make_unique<Resumed>(std::move(begin), std::move(bytes));
  return packed ? unpack(std::move(bytes), place) : std::move(bytes);
}

std::string read_rest(ByteSource& bytes, std::string_view place, std::size_t most) {
  std::string all;
  const std::unique_ptr<char[]> block(new char[kBlock]);
  for (std::size_t n; (n = bytes.read(block.get(), kBlock)) > 0;) {
    all.append(block.get(), n);
    check(all.size() <= most, ErrorKind::kBadInput, "{}: holds more than {} bytes; split it", place, most);
  }
  return all;
}

}  // namespace linnet
