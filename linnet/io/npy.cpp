#include "linnet/io/npy.h"

#include <charconv>
#include <cstring>
#include <set>
#include <string>

#include "linnet/base/error.h"

namespace linnet {
namespace {

constexpr std::string_view kNpyMagic = "\x93NUMPY";
constexpr std::size_t kNpyAlignment = 64, kLongestHeader = 4096;
constexpr std::int64_t kMostSize = std::int64_t{1} << 40;

// Strict parser of a header: a Python dictionary with three known keys.
class HeaderText {
 public:
  HeaderText(std::string_view text, std::string place) : rest_(text), place_(std::move(place)) {}

  void expect(char c) {
    blanks();
    check(!rest_.empty() && rest_.front() == c, ErrorKind::kBadInput, "{}: its header is damaged; write it again",
          place_);
    rest_.remove_prefix(1);
  }
  bool accept(char c) {
    blanks();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string_view quoted() {
    expect('\'');
    const auto end = rest_.find('\'');
    check(end != rest_.npos, ErrorKind::kBadInput, "{}: its header is damaged; write it again", place_);
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return text;
  }
  bool boolean() {
    blanks();
    const bool yes = rest_.starts_with("True");
    check(yes || rest_.starts_with("False"), ErrorKind::kBadInput, "{}: its header is damaged; write it again", place_);
    rest_.remove_prefix(yes ? 4 : 5);
    return yes;
  }
  Shape shape() {
    Shape shape;
    expect('(');
    while (!accept(')')) {
      blanks();
      std::int64_t size = -1;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), size);
      check(error == std::errc() && size >= 0 && size <= kMostSize && shape.size() < 8, ErrorKind::kBadInput,
            "{}: the shape in its header is damaged; write it again", place_);
      rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
      shape.push_back(size);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return shape;
  }
  void end() {
    blanks();
    check(rest_.empty(), ErrorKind::kBadInput, "{}: its header is damaged; write it again", place_);
  }

 private:
  void blanks() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\n')) rest_.remove_prefix(1);
  }
  std::string_view rest_;
  std::string place_;
};

struct Header {
  std::string type;
  bool columns_first = false;
  Shape shape;
};

Header parse_header(std::string_view text, const std::string& place) {
  HeaderText in(text, place);
  Header header;
  in.expect('{');
  std::set<std::string> keys;
  while (!in.accept('}')) {
    const std::string key(in.quoted());
    in.expect(':');
    if (key == "descr")
      header.type = in.quoted();
    else if (key == "fortran_order")
      header.columns_first = in.boolean();
    else if (key == "shape")
      header.shape = in.shape();
    else
      fail(ErrorKind::kBadInput, "{}: its header has the key '{}'; descr, fortran_order and shape are known", place,
           key);
    check(keys.insert(key).second, ErrorKind::kBadInput, "{}: its header has the key '{}' twice; write it again", place,
          key);
    if (!in.accept(',')) {
      in.expect('}');
      break;
    }
  }
  in.end();
  check(keys.size() == 3 && !header.type.empty(), ErrorKind::kBadInput,
        "{}: its header lacks descr, fortran_order or shape; write it again", place);
  return header;
}

}  // namespace

NpyWriter::NpyWriter(const std::filesystem::path& file, std::int64_t rows, std::int64_t width)
    : file_(file), rows_(rows), width_(width) {
  std::string text = fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", rows, width);
  const std::size_t before = kNpyMagic.size() + 4;
  text.append((kNpyAlignment - (before + text.size() + 1) % kNpyAlignment) % kNpyAlignment, ' ');
  text += '\n';
  const auto length = static_cast<std::uint16_t>(text.size());
  const char version[] = {1, 0, static_cast<char>(length & 0xFF), static_cast<char>(length >> 8)};
  file_.write(kNpyMagic);
  file_.write(version, sizeof version);
  file_.write(text);
}

void NpyWriter::add(std::span<const float> row) {
  LINNET_ASSERT(std::ssize(row) == width_ && added_ < rows_);
  file_.write(row.data(), row.size_bytes());
  ++added_;
}

void NpyWriter::commit() {
  LINNET_ASSERT(added_ == rows_);
  file_.commit();
}

Tensor read_npy(const std::filesystem::path& path) {
  const std::string place = path.string();
  const auto file = MappedFile::open(path);
  const std::string_view bytes(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
  check(bytes.starts_with(kNpyMagic) && bytes.size() >= kNpyMagic.size() + 6, ErrorKind::kBadInput,
        "{}: is not a .npy file, as numpy.save writes it", place);
  const auto byte = [&](std::size_t at) { return static_cast<std::size_t>(static_cast<unsigned char>(bytes[at])); };
  const std::size_t version = byte(6), before = kNpyMagic.size() + (version == 1 ? 4 : 6);
  check(version >= 1 && version <= 3, ErrorKind::kBadInput, "{}: is of .npy version {}, 1 to 3 are known", place,
        version);
  const std::size_t length =
      version == 1 ? byte(8) + 256 * byte(9) : byte(8) + 256 * (byte(9) + 256 * (byte(10) + 256 * byte(11)));
  check(length <= kLongestHeader && before + length <= bytes.size(), ErrorKind::kBadInput,
        "{}: its header has {} bytes, more than the file or than {}; write it again", place, length, kLongestHeader);
  const Header header = parse_header(bytes.substr(before, length), place);
  check(header.type == "<f4", ErrorKind::kBadInput, "{}: holds values of type '{}'; save it as float32 ('<f4')", place,
        header.type);
  check(header.shape.size() == 2 && !header.columns_first, ErrorKind::kBadInput,
        "{}: has the shape {}{}; a matrix in row order (C) is expected", place, to_string(header.shape),
        header.columns_first ? " in column order" : "");
  const auto rows = static_cast<std::uint64_t>(header.shape[0]), width = static_cast<std::uint64_t>(header.shape[1]);
  const std::uint64_t left = bytes.size() - before - length;
  const bool fits = width == 0 ? left == 0 : left % (4 * width) == 0 && left / (4 * width) == rows;
  check(fits, ErrorKind::kBadInput, "{}: {} bytes follow the header, the shape {} is not of that size; write it again",
        place, left, to_string(header.shape));
  const std::size_t begin = before + length;
  if (begin % sizeof(float) == 0)
    return Tensor::over(Storage::wrap(file->data(), bytes.size(), file), begin, header.shape, DType::kF32);
  Tensor values = Tensor::empty(header.shape);
  if (left > 0) std::memcpy(values.raw(), bytes.data() + begin, left);
  return values;
}

}  // namespace linnet
