#include "linnet/io/safetensors.h"

#include <algorithm>
#include <cstring>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "linnet/base/error.h"
#include "linnet/base/json.h"
#include "linnet/io/stored_bytes.h"

namespace linnet {
namespace {

// Far above real files; it limits the memory of the tables for a hostile header.
constexpr std::size_t kMostMetadata = 65'536;

// Builds the entries during parsing, so that a header of 100 MB never becomes a tree of values.
class HeaderBuilder : public nlohmann::json_sax<Json> {
 public:
  explicit HeaderBuilder(SafetensorsHeader& header) : header_(header) {}
  std::string fault;
  std::string_view advice = "the file is damaged";

  bool null() override { return refuse("is null"); }
  bool boolean(bool) override { return refuse("is a bool"); }
  bool number_float(number_float_t value, const string_t&) override {
    return refuse(fmt::format("is {}, not a whole number", value));
  }
  bool number_integer(number_integer_t value) override { return refuse(fmt::format("is negative ({})", value)); }
  bool binary(binary_t&) override { return refuse("is binary"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (place_ == Place::kShape) {
      if (value > std::uint64_t{INT64_MAX}) return refuse("is too large");
      if (current().info.shape.size() == kMostRank)
        return refuse(fmt::format("has more than {} dimensions", kMostRank));
      current().info.shape.push_back(static_cast<std::int64_t>(value));
      return true;
    }
    if (place_ != Place::kOffsets) return refuse("is a number");
    if (offsets_ == 2) return refuse("has more than two numbers");
    (offsets_++ == 0 ? current().begin : current().end) = static_cast<std::size_t>(value);
    return true;
  }

  bool string(string_t& value) override {
    if (place_ == Place::kMetadata) {
      header_.metadata.emplace(field_, std::move(value));
      return true;
    }
    if (place_ != Place::kTensor || field_ != "dtype") return refuse("is a string");
    const auto type = dtype_named(value);
    if (!type || linnet::info(*type).quantized) {
      advice = "save the weights as F32, F16 or BF16";
      return refuse(fmt::format("is '{}', a type that is not supported", printable(value, 40)));
    }
    current().info.dtype = *type;
    return true;
  }

  bool start_object(std::size_t) override {
    if (place_ == Place::kOutside) return enter(Place::kTop);
    if (place_ != Place::kTop) return refuse("is an object");
    if (name_ == "__metadata__") return enter(Place::kMetadata);
    fields_ = 0;
    header_.tensors.push_back({name_, {DType::kCount, {}}, 0, 0});
    if (header_.tensors.size() > kMostTensors)
      return refuse(fmt::format("is one of more than {} tensors", kMostTensors));
    return enter(Place::kTensor);
  }

  bool end_object() override {
    if (place_ == Place::kTensor && fields_ != 7) return refuse("lacks one of dtype, shape and data_offsets");
    field_.clear();
    return enter(place_ == Place::kTop ? Place::kOutside : Place::kTop);
  }

  bool start_array(std::size_t) override {
    if (place_ == Place::kTensor && field_ == "shape") return enter(Place::kShape);
    if (place_ != Place::kTensor || field_ != "data_offsets") return refuse("is an array");
    offsets_ = 0;
    return enter(Place::kOffsets);
  }

  bool end_array() override {
    if (place_ == Place::kOffsets && offsets_ != 2) return refuse("needs two numbers");
    return enter(Place::kTensor);
  }

  bool key(string_t& name) override {
    if (place_ == Place::kTop) {
      name_ = std::move(name);
      field_.clear();
      return names_.insert(name_).second || refuse("stands twice");
    }
    field_ = std::move(name);
    if (place_ == Place::kMetadata)
      return (header_.metadata.size() < kMostMetadata && !header_.metadata.contains(field_)) ||
             refuse("stands twice, or is one of too many");
    const int bit = field_ == "dtype" ? 1 : field_ == "shape" ? 2 : field_ == "data_offsets" ? 4 : 0;
    if (bit == 0) return refuse("is not a field of a tensor");
    if (fields_ & bit) return refuse("stands twice");
    fields_ |= bit;
    return true;
  }

  bool parse_error(std::size_t at, const std::string&, const nlohmann::detail::exception& error) override {
    const std::string_view what = error.what();
    const auto detail = what.rfind(": ");
    fault = fmt::format("the header is not JSON at its byte {} ({})", at,
                        printable(detail == what.npos ? what : what.substr(detail + 2), 160));
    return false;
  }

 private:
  enum class Place { kOutside, kTop, kMetadata, kTensor, kShape, kOffsets };
  SafetensorsEntry& current() { return header_.tensors.back(); }
  bool enter(Place place) {
    place_ = place;
    return true;
  }
  bool refuse(std::string_view what) {
    if (place_ == Place::kOutside)
      fault = "the header is not a JSON object";
    else if (field_.empty())
      fault = fmt::format("the header's '{}' {}", printable(name_, 80), what);
    else
      fault = fmt::format("the header's '{}' of '{}' {}", printable(field_, 80), printable(name_, 80), what);
    return false;
  }

  SafetensorsHeader& header_;
  Place place_ = Place::kOutside;
  std::string name_, field_;
  std::unordered_set<std::string> names_;
  int fields_ = 0, offsets_ = 0;
};

// Checks that every tensor has the size of its shape and that they are contiguous up to the last byte.
void check_ranges(SafetensorsHeader& header, std::size_t data_bytes, std::string_view place) {
  auto& tensors = header.tensors;
  std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  std::size_t at = 0;
  for (const SafetensorsEntry& tensor : tensors) {
    const std::string name = printable(tensor.name, 80);
    check(tensor.begin <= tensor.end && tensor.end <= data_bytes, ErrorKind::kBadInput,
          "{}: tensor '{}' has data_offsets [{}, {}], the file has {} bytes of data; it is cut short or damaged", place,
          name, tensor.begin, tensor.end, data_bytes);
    check(stored_bytes(tensor.info.dtype, tensor.info.shape, data_bytes) == tensor.end - tensor.begin,
          ErrorKind::kBadInput,
          "{}: tensor '{}' of type {} and shape {} does not have the {} bytes of its data_offsets; the file is damaged",
          place, name, linnet::info(tensor.info.dtype).name, to_string(tensor.info.shape), tensor.end - tensor.begin);
    check(tensor.begin == at, ErrorKind::kBadInput,
          "{}: tensor '{}' begins at {}, the one before it ends at {}: {}; the file is damaged", place, name,
          tensor.begin, at, tensor.begin < at ? "they overlap" : "there is a hole");
    at = tensor.end;
  }
  check(at == data_bytes, ErrorKind::kBadInput, "{}: {} bytes after the last tensor belong to nothing; damaged file",
        place, data_bytes - at);
}

class SafetensorsReader : public CheckpointReader {
 public:
  explicit SafetensorsReader(std::shared_ptr<MappedFile> file)
      : file_(std::move(file)), header_(parse_safetensors(file_->bytes(), file_->path().string())) {
    for (std::size_t i = 0; i < header_.tensors.size(); ++i) {
      names_.push_back(header_.tensors[i].name);
      index_.emplace(header_.tensors[i].name, i);
    }
  }
  std::span<const std::string> names() const override { return names_; }
  bool has(std::string_view name) const override { return index_.contains(name); }
  const StoredTensor& info(std::string_view name) const override { return entry(name).info; }
  Tensor read(std::string_view name) const override {
    const SafetensorsEntry& tensor = entry(name);
    return mapped_tensor(file_, tensor.begin, tensor.info);
  }
  const std::map<std::string, std::string>& metadata() const override { return header_.metadata; }

 private:
  const SafetensorsEntry& entry(std::string_view name) const {
    const auto found = index_.find(name);
    check(found != index_.end(), ErrorKind::kBadInput, "{}: has no tensor '{}'; it is incomplete or of another model",
          file_->path().string(), printable(name));
    return header_.tensors[found->second];
  }
  std::shared_ptr<MappedFile> file_;
  SafetensorsHeader header_;
  std::vector<std::string> names_;
  std::unordered_map<std::string_view, std::size_t> index_;  // views into header_
};

}  // namespace

SafetensorsHeader parse_safetensors(std::span<const std::byte> file, std::string_view place) {
  check(file.size() >= 8, ErrorKind::kBadInput,
        "{}: has {} bytes, a safetensors file has at least 8; download it again", place, file.size());
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), 8);
  check(length <= file.size() - 8, ErrorKind::kBadInput,
        "{}: claims a header of {} bytes, {} follow; it is cut short or not a safetensors file", place, length,
        file.size() - 8);
  check(length <= kSafetensorsMostHeaderBytes, ErrorKind::kBadInput,
        "{}: has a header of {} bytes, {} are allowed; the file is damaged", place, length,
        kSafetensorsMostHeaderBytes);
  const char* text = reinterpret_cast<const char*>(file.data()) + 8;
  // The parser treats a NUL byte as the end of the text.
  const void* nul = length > 0 ? std::memchr(text, 0, length) : nullptr;
  check(nul == nullptr, ErrorKind::kBadInput, "{}: the header holds a NUL byte; the file is damaged", place);
  const std::string_view json(text, length);
  const auto first = json.find_first_not_of(" \t\r\n");  // the parser would skip a byte-order mark
  check(first != json.npos && json[first] == '{', ErrorKind::kBadInput,
        "{}: the header is not a JSON object, it does not begin with '{{'; the file is damaged", place);
  SafetensorsHeader header;
  HeaderBuilder builder(header);
  if (!Json::sax_parse(text, text + length, &builder))
    fail(ErrorKind::kBadInput, "{}: {}; {}", place, builder.fault, builder.advice);
  const std::size_t data = 8 + static_cast<std::size_t>(length);
  check_ranges(header, file.size() - data, place);
  for (SafetensorsEntry& tensor : header.tensors) {
    tensor.begin += data;
    tensor.end += data;
  }
  return header;
}

std::string safetensors_header(std::span<const SafetensorsEntry> tensors,
                               const std::map<std::string, std::string>& metadata) {
  std::string json = "{";
  if (!metadata.empty()) {
    Json object = Json::object();
    for (const auto& [key, value] : metadata) object[key] = value;
    json += "\"__metadata__\":" + dump_json(object);
  }
  for (const SafetensorsEntry& tensor : tensors) {
    if (json.size() > 1) json += ',';
    json += fmt::format("{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}}", dump_json(tensor.name),
                        info(tensor.info.dtype).name, fmt::join(tensor.info.shape, ","), tensor.begin, tensor.end);
  }
  json += '}';
  json.resize((json.size() + 7) / 8 * 8, ' ');
  const std::uint64_t length = json.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + json;
}

std::unique_ptr<CheckpointReader> open_safetensors(std::shared_ptr<MappedFile> file) {
  return std::make_unique<SafetensorsReader>(std::move(file));
}

Tensor mapped_tensor(const std::shared_ptr<MappedFile>& file, std::size_t begin, const StoredTensor& info) {
  const std::size_t bytes = stored_bytes(info.dtype, info.shape, file->bytes().size()).value();
  std::byte* data = file->data() + begin;
  const bool aligned =
      reinterpret_cast<std::uintptr_t>(data) % static_cast<std::size_t>(linnet::info(info.dtype).block_bytes) == 0;
  if (aligned) return Tensor::over(Storage::wrap(data, bytes, file), 0, info.shape, info.dtype);
  Tensor copy = Tensor::empty(info.shape, info.dtype);
  if (bytes > 0) std::memcpy(copy.raw(), data, bytes);
  return copy;
}

}  // namespace linnet
