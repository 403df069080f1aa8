#include "linnet/io/gguf.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "linnet/base/error.h"
#include "linnet/base/utf8.h"
#include "linnet/io/stored_bytes.h"

static_assert(std::endian::native == std::endian::little, "files are little-endian and read in place");

namespace linnet {
namespace {

// Far above real files; they limit the memory of the tables for a hostile file.
constexpr std::uint64_t kMostEntries = 65'536;
constexpr std::uint64_t kSmallestEntry = 8 + 1 + 4 + 1;           // length, a byte of key, type, a byte of value
constexpr std::uint64_t kSmallestTensor = 8 + 1 + 4 + 8 + 4 + 8;  // length, a byte of name, rank, size, type, offset
constexpr std::size_t kMostKeyBytes = 65'535;

struct TypeInfo {
  std::string_view name;
  std::size_t bytes;  // 0: variable length
};
constexpr std::array<TypeInfo, 13> kTypes{{{"u8", 1},
                                           {"i8", 1},
                                           {"u16", 2},
                                           {"i16", 2},
                                           {"u32", 4},
                                           {"i32", 4},
                                           {"f32", 4},
                                           {"bool", 1},
                                           {"string", 0},
                                           {"array", 0},
                                           {"u64", 8},
                                           {"i64", 8},
                                           {"f64", 8}}};
const TypeInfo& facts(GgufType type) { return kTypes[static_cast<std::size_t>(type)]; }

// ggml's tensor types that are not supported; the others are in tensor/dtype.h.
constexpr std::pair<std::uint32_t, std::string_view> kNotSupported[] = {
    {9, "Q8_1"},   {10, "Q2_K"},  {15, "Q8_K"},  {16, "IQ2_XXS"}, {17, "IQ2_XS"}, {18, "IQ3_XXS"}, {19, "IQ1_S"},
    {21, "IQ3_S"}, {22, "IQ2_S"}, {29, "IQ1_M"}, {34, "TQ1_0"},   {35, "TQ2_0"},  {39, "MXFP4"}};

std::string supported_types() {
  std::vector<std::string_view> names;
  for (const DTypeInfo& type : kDTypes)
    if (type.floating && type.gguf_number >= 0) names.push_back(type.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

DType tensor_type(std::uint32_t number, std::string_view place, std::string_view name) {
  for (std::size_t i = 0; i < kDTypes.size(); ++i)
    if (kDTypes[i].gguf_number == static_cast<std::int64_t>(number)) return static_cast<DType>(i);
  for (const auto& [known, type] : kNotSupported)
    if (known == number)
      fail(ErrorKind::kBadInput, "{}: tensor '{}' has type {}, which is not supported; take a file in one of {}", place,
           printable(name), type, supported_types());
  fail(ErrorKind::kBadInput, "{}: tensor '{}' has the unknown type number {}; the file is damaged or too new", place,
       printable(name), number);
}

template <class T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

bool is_integer(GgufType t) {
  return t != GgufType::kF32 && t != GgufType::kF64 && t < GgufType::kBool ? true
                                                                           : t == GgufType::kU64 || t == GgufType::kI64;
}
bool is_number(GgufType t) { return is_integer(t) || t == GgufType::kF32 || t == GgufType::kF64; }
bool is_boolean(GgufType t) { return t == GgufType::kBool; }
bool is_string(GgufType t) { return t == GgufType::kString; }

std::int64_t integer_at(const std::byte* at, GgufType type, std::string_view place, std::string_view key) {
  switch (type) {
    case GgufType::kU8:
      return load<std::uint8_t>(at);
    case GgufType::kI8:
      return load<std::int8_t>(at);
    case GgufType::kU16:
      return load<std::uint16_t>(at);
    case GgufType::kI16:
      return load<std::int16_t>(at);
    case GgufType::kU32:
      return load<std::uint32_t>(at);
    case GgufType::kI32:
      return load<std::int32_t>(at);
    case GgufType::kI64:
      return load<std::int64_t>(at);
    default:
      break;
  }
  const auto value = load<std::uint64_t>(at);
  check(value <= std::uint64_t{INT64_MAX}, ErrorKind::kBadInput,
        "{}: '{}' is {}, which is too large; the file is damaged", place, printable(key), value);
  return static_cast<std::int64_t>(value);
}

double number_at(const std::byte* at, GgufType type, std::string_view place, std::string_view key) {
  if (type == GgufType::kF32) return load<float>(at);
  if (type == GgufType::kF64) return load<double>(at);
  return static_cast<double>(integer_at(at, type, place, key));
}

std::string_view text_at(const std::byte* at) {
  return {reinterpret_cast<const char*>(at) + 8, static_cast<std::size_t>(load<std::uint64_t>(at))};
}

}  // namespace

// A position in the file; every read checks the remaining bytes.
class GgufCursor {
 public:
  GgufCursor(std::span<const std::byte> bytes, std::string_view place) : bytes_(bytes), place_(place) {}
  std::size_t position() const { return at_; }
  std::size_t left() const { return bytes_.size() - at_; }

  template <class T>
  T take(const char* what) {
    need(sizeof(T), what);
    const T value = load<T>(bytes_.data() + at_);
    at_ += sizeof(T);
    return value;
  }
  void skip(std::uint64_t bytes, const char* what) {
    need(bytes, what);
    at_ += static_cast<std::size_t>(bytes);
  }
  std::string_view text(const char* what) {
    const auto length = take<std::uint64_t>(what);
    need(length, what);
    const char* begin = reinterpret_cast<const char*>(bytes_.data()) + at_;
    at_ += static_cast<std::size_t>(length);
    return {begin, static_cast<std::size_t>(length)};
  }

 private:
  void need(std::uint64_t bytes, const char* what) const {
    check(bytes <= left(), ErrorKind::kBadInput,
          "{}: {} at byte {} needs {} bytes, the file has {} left; it is cut short or damaged", place_, what, at_,
          bytes, left());
  }
  std::span<const std::byte> bytes_;
  std::string_view place_;
  std::size_t at_ = 0;
};

namespace {

void check_bool(std::uint8_t value, std::string_view place, std::string_view key) {
  check(value <= 1, ErrorKind::kBadInput, "{}: '{}' holds {} where a bool is 0 or 1; the file is damaged", place,
        printable(key), value);
}

GgufType value_type(GgufCursor& cursor, std::string_view place, std::string_view key) {
  const std::size_t at = cursor.position();
  const auto number = cursor.take<std::uint32_t>("a value's type");
  check(number < kTypes.size(), ErrorKind::kBadInput, "{}: '{}' has the unknown value type {} at byte {}; damaged file",
        place, printable(key), number, at);
  return static_cast<GgufType>(number);
}

// Skips a value and checks what later look-ups rely on.
GgufEntry parse_entry(GgufCursor& cursor, std::string_view place) {
  GgufEntry entry;
  const std::size_t at = cursor.position();
  entry.key = cursor.text("a key");
  check(!entry.key.empty() && entry.key.size() <= kMostKeyBytes && utf8::valid(entry.key), ErrorKind::kBadInput,
        "{}: the key at byte {} ('{}') is empty, too long or not UTF-8; the file is damaged", place, at,
        printable(entry.key, 60));
  entry.type = entry.element = value_type(cursor, place, entry.key);
  entry.count = 1;
  if (entry.type == GgufType::kArray) {
    entry.element = value_type(cursor, place, entry.key);
    check(entry.element != GgufType::kArray, ErrorKind::kBadInput,
          "{}: '{}' is an array of arrays, which no model needs; the file is damaged", place, printable(entry.key));
    entry.count = cursor.take<std::uint64_t>("an array's length");
  }
  entry.offset = cursor.position();
  const std::size_t each = entry.element == GgufType::kString ? 8 : facts(entry.element).bytes;
  check(entry.count <= cursor.left() / each, ErrorKind::kBadInput,
        "{}: '{}' claims {} values of {} bytes or more, the file has {} bytes left; it is cut short or damaged", place,
        printable(entry.key), entry.count, each, cursor.left());
  if (entry.element == GgufType::kString)
    for (std::uint64_t i = 0; i < entry.count; ++i) cursor.text("a string");
  else if (entry.element == GgufType::kBool)
    for (std::uint64_t i = 0; i < entry.count; ++i) check_bool(cursor.take<std::uint8_t>("a bool"), place, entry.key);
  else
    cursor.skip(entry.count * each, "values");
  entry.bytes = cursor.position() - entry.offset;
  return entry;
}

// Positions sorted by name; `name(i)` is the i-th. Rejects duplicate names.
template <class Name>
std::vector<std::uint32_t> sorted_by(std::size_t count, Name name, const char* what, std::string_view place) {
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return name(a) < name(b); });
  for (std::size_t i = 1; i < count; ++i)
    check(name(order[i - 1]) != name(order[i]), ErrorKind::kBadInput, "{}: {} '{}' stands twice; the file is damaged",
          place, what, printable(name(order[i])));
  return order;
}

}  // namespace

std::string_view to_string(GgufType type) { return facts(type).name; }

std::uint32_t gguf_type_number(DType type) {
  const int number = linnet::info(type).gguf_number;
  check(number >= 0, "[gguf] tensors of type {} cannot be written", linnet::info(type).name);
  return static_cast<std::uint32_t>(number);
}

std::shared_ptr<GgufFile> GgufFile::open(const std::filesystem::path& path) { return parse(MappedFile::open(path)); }

std::shared_ptr<GgufFile> GgufFile::parse(std::shared_ptr<MappedFile> file) {
  std::shared_ptr<GgufFile> gguf(new GgufFile);
  gguf->bytes_ = file->bytes();
  gguf->place_ = file->path().string();
  gguf->file_ = std::move(file);
  gguf->parse_header();
  gguf->add_parts();
  return gguf;
}

std::shared_ptr<GgufFile> GgufFile::parse(std::span<const std::byte> bytes, std::string place) {
  std::shared_ptr<GgufFile> gguf(new GgufFile);
  gguf->bytes_ = bytes;
  gguf->place_ = std::move(place);
  gguf->parse_header();
  return gguf;
}

void GgufFile::parse_header() {
  GgufCursor cursor(bytes_, place_);
  check(bytes_.size() >= 4 && std::memcmp(bytes_.data(), "GGUF", 4) == 0, ErrorKind::kBadInput,
        "{}: does not begin with 'GGUF'; it is not a GGUF file", place_);
  cursor.skip(4, "the magic");
  version_ = cursor.take<std::uint32_t>("the version");
  check(version_ != 0x03000000u && version_ != 0x02000000u, ErrorKind::kBadInput,
        "{}: is big-endian; convert it with llama.cpp's gguf_convert_endian", place_);
  check(version_ == 2 || version_ == 3, ErrorKind::kBadInput,
        "{}: is GGUF version {}; versions 2 and 3 are read; convert the model again", place_, version_);
  const auto tensors = cursor.take<std::uint64_t>("the tensor count"),
             entries = cursor.take<std::uint64_t>("the key count");
  parse_entries(cursor, entries);
  parse_tensors(cursor, tensors);
  const std::size_t data = (cursor.position() + alignment_ - 1) / alignment_ * alignment_;
  check_ranges(data);
}

void GgufFile::parse_entries(GgufCursor& cursor, std::uint64_t count) {
  check(count <= kMostEntries && count <= cursor.left() / kSmallestEntry, ErrorKind::kBadInput,
        "{}: claims {} keys, more than its {} bytes can hold; the file is damaged", place_, count, bytes_.size());
  entries_.reserve(static_cast<std::size_t>(count));
  for (std::uint64_t i = 0; i < count; ++i) entries_.push_back(parse_entry(cursor, place_));
  by_key_ = sorted_by(
      entries_.size(), [&](std::uint32_t i) { return entries_[i].key; }, "key", place_);
  const GgufEntry* alignment = find("general.alignment");
  if (alignment == nullptr) return;
  check(alignment->type == GgufType::kU32, ErrorKind::kBadInput,
        "{}: 'general.alignment' is of type {}, not u32; the file is damaged", place_, to_string(alignment->type));
  const auto value = load<std::uint32_t>(bytes_.data() + alignment->offset);
  check(std::has_single_bit(value) && value <= 65'536, ErrorKind::kBadInput,
        "{}: 'general.alignment' is {}, not a power of two up to 65536; the file is damaged", place_, value);
  alignment_ = value;
}

GgufTensor GgufFile::parse_tensor(GgufCursor& cursor) const {
  GgufTensor tensor;
  const std::size_t at = cursor.position();
  const std::string_view name = cursor.text("a tensor's name");
  check(!name.empty() && name.size() <= kGgufMostNameBytes && utf8::valid(name), ErrorKind::kBadInput,
        "{}: the tensor name at byte {} ('{}') is empty, longer than {} bytes or not UTF-8; the file is damaged",
        place_, at, printable(name, 80), kGgufMostNameBytes);
  tensor.name = name;
  const auto rank = cursor.take<std::uint32_t>("a tensor's rank");
  check(rank >= 1 && rank <= 4, ErrorKind::kBadInput,
        "{}: tensor '{}' has {} dimensions, 1 to 4 are possible; the file is damaged", place_, printable(name), rank);
  for (std::uint32_t i = 0; i < rank; ++i) {
    const auto size = cursor.take<std::uint64_t>("a dimension");
    tensor.shape.insert(tensor.shape.begin(), size <= std::uint64_t{INT64_MAX} ? static_cast<std::int64_t>(size) : -1);
  }
  tensor.dtype = tensor_type(cursor.take<std::uint32_t>("a tensor's type"), place_, name);
  const auto bytes = stored_bytes(tensor.dtype, tensor.shape, bytes_.size());
  check(bytes.has_value(), ErrorKind::kBadInput,
        "{}: tensor '{}' has the shape {}, which the file cannot hold; the file is damaged", place_, printable(name),
        to_string(tensor.shape));
  const int block = linnet::info(tensor.dtype).block_elements;
  check(tensor.shape.back() % block == 0, ErrorKind::kBadInput,
        "{}: tensor '{}' has rows of {} values, which do not fill {} blocks of {}; the file is damaged", place_,
        printable(name), tensor.shape.back(), linnet::info(tensor.dtype).name, block);
  tensor.bytes = *bytes;
  tensor.offset = static_cast<std::size_t>(cursor.take<std::uint64_t>("a tensor's offset"));
  check(tensor.offset % alignment_ == 0, ErrorKind::kBadInput,
        "{}: tensor '{}' begins at {}, not a multiple of {}; the file is damaged", place_, printable(name),
        tensor.offset, alignment_);
  return tensor;
}

void GgufFile::parse_tensors(GgufCursor& cursor, std::uint64_t count) {
  check(count <= kGgufMostTensors && count <= cursor.left() / kSmallestTensor, ErrorKind::kBadInput,
        "{}: claims {} tensors, more than its {} bytes can hold; the file is damaged", place_, count, bytes_.size());
  tensors_.reserve(static_cast<std::size_t>(count));
  for (std::uint64_t i = 0; i < count; ++i) tensors_.push_back(parse_tensor(cursor));
  sort_tensors();
}

void GgufFile::sort_tensors() {
  by_name_ = sorted_by(
      tensors_.size(), [&](std::uint32_t i) { return std::string_view(tensors_[i].name); }, "tensor", place_);
}

void GgufFile::check_ranges(std::size_t data_start) {
  const std::size_t room = bytes_.size() > data_start ? bytes_.size() - data_start : 0;
  std::vector<const GgufTensor*> order;
  order.reserve(tensors_.size());
  for (GgufTensor& tensor : tensors_) {
    check(tensor.offset <= room && tensor.bytes <= room - tensor.offset, ErrorKind::kBadInput,
          "{}: tensor '{}' takes {} bytes from {} on, the file has {} bytes of data; it is cut short or damaged",
          place_, printable(tensor.name), tensor.bytes, tensor.offset, room);
    tensor.offset =
        tensor.bytes == 0 ? std::min(bytes_.size(), tensor.offset + data_start) : tensor.offset + data_start;
    if (tensor.bytes > 0) order.push_back(&tensor);
  }
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return a->offset < b->offset; });
  for (std::size_t i = 1; i < order.size(); ++i)
    check(order[i]->offset - order[i - 1]->offset >= order[i - 1]->bytes, ErrorKind::kBadInput,
          "{}: tensors '{}' and '{}' overlap at byte {}; the file is damaged", place_, printable(order[i - 1]->name),
          printable(order[i]->name), order[i]->offset);
}

const GgufEntry* GgufFile::find(std::string_view key) const {
  const auto at = std::lower_bound(by_key_.begin(), by_key_.end(), key,
                                   [&](std::uint32_t i, std::string_view wanted) { return entries_[i].key < wanted; });
  return at != by_key_.end() && entries_[*at].key == key ? &entries_[*at] : nullptr;
}

const GgufTensor* GgufFile::find_tensor(std::string_view name) const {
  const auto at = std::lower_bound(by_name_.begin(), by_name_.end(), name,
                                   [&](std::uint32_t i, std::string_view wanted) { return tensors_[i].name < wanted; });
  return at != by_name_.end() && tensors_[*at].name == name ? &tensors_[*at] : nullptr;
}

const GgufEntry* GgufFile::expect(std::string_view key, bool array, std::string_view wanted,
                                  bool (*fits)(GgufType)) const {
  const GgufEntry* entry = find(key);
  if (entry == nullptr) return nullptr;
  const bool is_array = entry->type == GgufType::kArray;
  check(is_array == array && fits(entry->element), ErrorKind::kBadInput,
        "{}: '{}' is {}{}, not {}; convert the model again", place_, printable(key), is_array ? "an array of " : "",
        to_string(entry->element), wanted);
  return entry;
}

std::optional<std::int64_t> GgufFile::integer(std::string_view key) const {
  const GgufEntry* entry = expect(key, false, "an integer", is_integer);
  if (entry == nullptr) return std::nullopt;
  return integer_at(bytes_.data() + entry->offset, entry->type, place_, key);
}

std::optional<double> GgufFile::number(std::string_view key) const {
  const GgufEntry* entry = expect(key, false, "a number", is_number);
  if (entry == nullptr) return std::nullopt;
  const double value = number_at(bytes_.data() + entry->offset, entry->type, place_, key);
  check(std::isfinite(value), ErrorKind::kBadInput, "{}: '{}' is {}, not a finite number; the file is damaged", place_,
        key, value);
  return value;
}

std::optional<bool> GgufFile::boolean(std::string_view key) const {
  const GgufEntry* entry = expect(key, false, "a bool", is_boolean);
  if (entry == nullptr) return std::nullopt;
  return bytes_[entry->offset] != std::byte{0};
}

std::optional<std::string> GgufFile::string(std::string_view key) const {
  const GgufEntry* entry = expect(key, false, "a string", is_string);
  if (entry == nullptr) return std::nullopt;
  return std::string(text_at(bytes_.data() + entry->offset));
}

std::optional<std::vector<std::string>> GgufFile::strings(std::string_view key) const {
  const GgufEntry* entry = expect(key, true, "an array of strings", is_string);
  if (entry == nullptr) return std::nullopt;
  std::vector<std::string> values;
  values.reserve(static_cast<std::size_t>(entry->count));
  const std::byte* at = bytes_.data() + entry->offset;
  for (std::uint64_t i = 0; i < entry->count; ++i) {
    const std::string_view text = text_at(at);
    values.emplace_back(text);
    at += 8 + text.size();
  }
  return values;
}

std::optional<std::vector<std::int64_t>> GgufFile::integers(std::string_view key) const {
  const GgufEntry* entry = expect(key, true, "an array of integers", is_integer);
  if (entry == nullptr) return std::nullopt;
  std::vector<std::int64_t> values(static_cast<std::size_t>(entry->count));
  const std::size_t each = facts(entry->element).bytes;
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = integer_at(bytes_.data() + entry->offset + i * each, entry->element, place_, key);
  return values;
}

std::optional<std::vector<double>> GgufFile::numbers(std::string_view key) const {
  const GgufEntry* entry = expect(key, true, "an array of numbers", is_number);
  if (entry == nullptr) return std::nullopt;
  std::vector<double> values(static_cast<std::size_t>(entry->count));
  const std::size_t each = facts(entry->element).bytes;
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = number_at(bytes_.data() + entry->offset + i * each, entry->element, place_, key);
  return values;
}

std::optional<std::vector<bool>> GgufFile::booleans(std::string_view key) const {
  const GgufEntry* entry = expect(key, true, "an array of bools", is_boolean);
  if (entry == nullptr) return std::nullopt;
  std::vector<bool> values(static_cast<std::size_t>(entry->count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = bytes_[entry->offset + i] != std::byte{0};
  return values;
}

std::string GgufFile::architecture() const {
  auto name = string("general.architecture");
  check(name.has_value(), ErrorKind::kBadInput, "{}: 'general.architecture' is missing; it does not hold a model",
        place_);
  return *std::move(name);
}

Tensor GgufFile::read(std::string_view name) const {
  const GgufTensor* tensor = find_tensor(name);
  check(tensor != nullptr, ErrorKind::kBadInput, "{}: has no tensor '{}'; it is incomplete or of another model", place_,
        printable(name));
  if (tensor->part > 0) return parts_[tensor->part - 1]->read(name);
  auto* data = const_cast<std::byte*>(bytes_.data()) + tensor->offset;
  const std::shared_ptr<void> owner = file_ ? std::shared_ptr<void>(file_) : std::make_shared<char>();
  return Tensor::over(Storage::wrap(data, tensor->bytes, owner), 0, tensor->shape, tensor->dtype);
}

}  // namespace linnet
