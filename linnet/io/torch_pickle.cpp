#include "linnet/io/torch_pickle.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "linnet/base/error.h"
#include "linnet/io/safetensors.h"
#include "linnet/io/stored_bytes.h"
#include "linnet/io/unpickler.h"
#include "linnet/io/zip_archive.h"

namespace linnet {
namespace {

// Magic number of the old format, little-endian as in the pickle.
constexpr std::string_view kTorchMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

struct Extent {
  std::size_t begin, end;
};
using Storages = std::unordered_map<std::string, Extent>;

struct Located {
  PickledTensor tensor;
  StoredTensor info;
  std::size_t begin;  // of its first value in the file
};

std::string_view text_of(std::span<const std::byte> bytes, std::size_t begin, std::size_t end) {
  return {reinterpret_cast<const char*>(bytes.data()) + begin, end - begin};
}

std::size_t storage_bytes(const PickledTensor& tensor, std::string_view place) {
  std::size_t bytes = 0;
  check(!__builtin_mul_overflow(static_cast<std::size_t>(tensor.storage_elements),
                                static_cast<std::size_t>(info(tensor.dtype).block_bytes), &bytes),
        ErrorKind::kBadInput, "{}: the storage of '{}' claims {} elements; damaged file", place, printable(tensor.name),
        tensor.storage_elements);
  return bytes;
}

bool row_order(const Shape& shape, const Shape& strides) {
  std::int64_t expected = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    if (shape[i] != 1 && strides[i] != expected) return false;
    expected *= shape[i];
  }
  return true;
}

// Checks that the last value is within the storage, and rejects shapes that repeat values (with strides of 0 a small
// file could request any amount of memory).
void check_reach(const PickledTensor& tensor, std::size_t file_bytes, std::string_view place) {
  std::int64_t last = tensor.offset, elements = 1;
  bool fits = stored_bytes(tensor.dtype, tensor.shape, file_bytes).has_value(), empty = false;
  for (std::size_t i = 0; i < tensor.shape.size() && fits; ++i) {
    std::int64_t span = 0;
    empty |= tensor.shape[i] == 0;
    const std::int64_t size = std::max<std::int64_t>(tensor.shape[i], 1);
    elements *= size;
    fits = !__builtin_mul_overflow(size - 1, tensor.strides[i], &span) && !__builtin_add_overflow(last, span, &last);
  }
  if (empty) fits = fits && tensor.offset <= tensor.storage_elements;
  check(fits && (empty || (last < tensor.storage_elements && elements <= tensor.storage_elements)),
        ErrorKind::kBadInput,
        "{}: tensor '{}' of shape {} reaches past its storage of {} elements; the file is damaged", place,
        printable(tensor.name), to_string(tensor.shape), tensor.storage_elements);
}

// The old format: magic, protocol, properties of the machine, the dictionary, the storages' keys, the storages.
std::vector<PickledTensor> parse_stream(std::span<const std::byte> file, std::string_view place, Storages& storages) {
  std::size_t at = 0;
  const auto next = [&] {
    Pickled part = unpickle(text_of(file, at, file.size()), place);
    at += part.used;
    return part;
  };
  check(next().number == kTorchMagic, ErrorKind::kBadInput,
        "{}: is neither a zip archive nor a stream of torch.save; it is not a PyTorch checkpoint", place);
  next();
  const Pickled machine = next();
  const auto little = machine.flags.find("little_endian");
  check(little == machine.flags.end() || little->second, ErrorKind::kBadInput, "{}: is big-endian; save it again",
        place);
  std::vector<PickledTensor> tensors = next().tensors;
  const std::vector<std::string> keys = next().texts;
  std::unordered_map<std::string, std::size_t> sizes;
  for (const PickledTensor& tensor : tensors) {
    const std::size_t bytes = storage_bytes(tensor, place);
    check(sizes.emplace(tensor.storage, bytes).first->second == bytes, ErrorKind::kBadInput,
          "{}: storage '{}' has two sizes; damaged file", place, printable(tensor.storage));
  }
  for (const std::string& key : keys) {
    const auto size = sizes.find(key);
    check(size != sizes.end(), ErrorKind::kBadInput, "{}: storage '{}' belongs to no tensor; damaged file", place,
          printable(key));
    check(8 <= file.size() - at && size->second <= file.size() - at - 8, ErrorKind::kBadInput,
          "{}: storage '{}' has {} bytes at {}, the file {}; it is cut short", place, printable(key), size->second, at,
          file.size());
    check(storages.emplace(key, Extent{at + 8, at + 8 + size->second}).second, ErrorKind::kBadInput,
          "{}: storage '{}' stands twice; damaged file", place, printable(key));
    at += 8 + size->second;
  }
  return tensors;
}

bool ends_with_member(std::string_view name, std::string_view member) {
  return name == member || (name.ends_with(member) && name[name.size() - member.size() - 1] == '/');
}

std::vector<PickledTensor> parse_archive(std::span<const std::byte> file, std::string_view place, Storages& storages) {
  const std::vector<ZipMember> members = parse_zip(file, place);
  const ZipMember* pickle = nullptr;
  for (const ZipMember& member : members) {
    if (!ends_with_member(member.name, "data.pkl")) continue;
    check(pickle == nullptr, ErrorKind::kBadInput, "{}: has two members data.pkl; do not trust this file", place);
    pickle = &member;
  }
  check(pickle != nullptr, ErrorKind::kBadInput,
        "{}: is a zip archive without data.pkl; it is not a PyTorch checkpoint", place);
  const std::string folder = pickle->name.substr(0, pickle->name.size() - std::string_view("data.pkl").size());
  const std::string_view code = text_of(file, pickle->begin, pickle->end);
  uLong crc = ::crc32(0, nullptr, 0);
  crc = ::crc32_z(crc, reinterpret_cast<const Bytef*>(code.data()), code.size());
  check(crc == pickle->crc || pickle->crc == 0, ErrorKind::kBadInput,
        "{}: data.pkl does not have its checksum; damaged file", place);
  for (const ZipMember& member : members) {
    if (member.name == folder + "byteorder")
      check(text_of(file, member.begin, member.end) == "little", ErrorKind::kBadInput,
            "{}: is big-endian; save it again", place);
    if (member.name.starts_with(folder + "data/"))
      storages.emplace(member.name.substr(folder.size() + 5), Extent{member.begin, member.end});
  }
  return unpickle(code, place).tensors;
}

class TorchReader : public CheckpointReader {
 public:
  explicit TorchReader(std::shared_ptr<MappedFile> file) : file_(std::move(file)), place_(file_->path().string()) {
    Storages storages;
    const auto bytes = file_->bytes();
    auto tensors =
        looks_like_zip(bytes) ? parse_archive(bytes, place_, storages) : parse_stream(bytes, place_, storages);
    check(!tensors.empty(), ErrorKind::kBadInput,
          "{}: holds no dictionary of tensors; save the state dictionary of the model", place_);
    for (PickledTensor& tensor : tensors) locate(std::move(tensor), storages);
    for (const Located& tensor : tensors_) names_.push_back(tensor.tensor.name);
    for (std::size_t i = 0; i < names_.size(); ++i)
      check(index_.emplace(names_[i], i).second, ErrorKind::kBadInput,
            "{}: tensor '{}' stands twice; the file is damaged", place_, printable(names_[i]));
  }
  std::span<const std::string> names() const override { return names_; }
  bool has(std::string_view name) const override { return index_.contains(name); }
  const StoredTensor& info(std::string_view name) const override { return find(name).info; }
  const std::map<std::string, std::string>& metadata() const override { return metadata_; }

  Tensor read(std::string_view name) const override {
    const Located& found = find(name);
    if (row_order(found.tensor.shape, found.tensor.strides)) return mapped_tensor(file_, found.begin, found.info);
    Tensor copy = Tensor::empty(found.info.shape, found.info.dtype);
    gather(found, copy.raw());
    return copy;
  }

 private:
  void locate(PickledTensor tensor, const Storages& storages) {
    check_reach(tensor, file_->bytes().size(), place_);
    const auto found = storages.find(tensor.storage);
    const std::size_t bytes = storage_bytes(tensor, place_);
    check(found != storages.end() && found->second.end - found->second.begin == bytes, ErrorKind::kBadInput,
          "{}: the storage of '{}' should have {} bytes and {}; the file is damaged", place_, printable(tensor.name),
          bytes,
          found == storages.end() ? "is missing" : fmt::format("has {}", found->second.end - found->second.begin));
    const auto each = static_cast<std::size_t>(linnet::info(tensor.dtype).block_bytes);
    const std::size_t begin = found->second.begin + static_cast<std::size_t>(tensor.offset) * each;
    StoredTensor info{tensor.dtype, tensor.shape};
    tensors_.push_back({std::move(tensor), std::move(info), begin});
  }

  // Copies values that are not row-major (Fortran order, a transposed view) to rows.
  void gather(const Located& from, std::byte* out) const {
    const auto each = static_cast<std::size_t>(linnet::info(from.info.dtype).block_bytes);
    const Shape& shape = from.tensor.shape;
    std::int64_t count = 1;
    for (const std::int64_t size : shape) count *= size;
    Shape index(shape.size(), 0);
    for (std::int64_t n = 0; n < count; ++n) {
      std::int64_t at = 0;
      for (std::size_t i = 0; i < shape.size(); ++i) at += index[i] * from.tensor.strides[i];
      std::memcpy(out + static_cast<std::size_t>(n) * each,
                  file_->data() + from.begin + static_cast<std::size_t>(at) * each, each);
      for (std::size_t i = shape.size(); i-- > 0 && ++index[i] == shape[i];) index[i] = 0;
    }
  }

  const Located& find(std::string_view name) const {
    const auto found = index_.find(name);
    check(found != index_.end(), ErrorKind::kBadInput, "{}: has no tensor '{}'; it is incomplete or of another model",
          place_, printable(name));
    return tensors_[found->second];
  }

  std::shared_ptr<MappedFile> file_;
  std::string place_;
  std::vector<Located> tensors_;
  std::vector<std::string> names_;
  std::unordered_map<std::string_view, std::size_t> index_;  // views into names_
  std::map<std::string, std::string> metadata_;
};

}  // namespace

std::unique_ptr<CheckpointReader> open_torch_pickle(std::shared_ptr<MappedFile> file) {
  return std::make_unique<TorchReader>(std::move(file));
}

}  // namespace linnet
