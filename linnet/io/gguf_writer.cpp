#include "linnet/io/gguf_writer.h"

#include <algorithm>
#include <cstring>

#include "linnet/base/error.h"
#include "linnet/base/file.h"

namespace linnet {
namespace {

constexpr std::size_t kAlignment = 32;  // the default without general.alignment
std::size_t aligned(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

template <class T>
void put(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}
void put_text(std::string& out, std::string_view text) {
  put<std::uint64_t>(out, text.size());
  out.append(text);
}

}  // namespace

void GgufWriter::begin(std::string_view key, GgufType type) {
  check(std::find(keys_.begin(), keys_.end(), key) == keys_.end(), "[gguf] the key '{}' is set twice", key);
  keys_.emplace_back(key);
  put_text(metadata_, key);
  put(metadata_, static_cast<std::uint32_t>(type));
}

void GgufWriter::begin_array(std::string_view key, GgufType element, std::size_t count) {
  begin(key, GgufType::kArray);
  put(metadata_, static_cast<std::uint32_t>(element));
  put<std::uint64_t>(metadata_, count);
}

void GgufWriter::set(std::string_view key, std::uint32_t value) {
  begin(key, GgufType::kU32);
  put(metadata_, value);
}
void GgufWriter::set(std::string_view key, float value) {
  begin(key, GgufType::kF32);
  put(metadata_, value);
}
void GgufWriter::set(std::string_view key, bool value) {
  begin(key, GgufType::kBool);
  put<std::uint8_t>(metadata_, value ? 1 : 0);
}
void GgufWriter::set(std::string_view key, std::string_view value) {
  begin(key, GgufType::kString);
  put_text(metadata_, value);
}
void GgufWriter::set(std::string_view key, std::span<const std::int32_t> values) {
  begin_array(key, GgufType::kI32, values.size());
  for (const std::int32_t value : values) put(metadata_, value);
}
void GgufWriter::set(std::string_view key, std::span<const float> values) {
  begin_array(key, GgufType::kF32, values.size());
  for (const float value : values) put(metadata_, value);
}
void GgufWriter::set(std::string_view key, std::span<const std::string> values) {
  begin_array(key, GgufType::kString, values.size());
  for (const std::string& value : values) put_text(metadata_, value);
}
void GgufWriter::set_bytes(std::string_view key, std::string_view bytes) {
  begin_array(key, GgufType::kU8, bytes.size());
  metadata_.append(bytes);
}

void GgufWriter::copy(const GgufFile& source, const GgufEntry& entry) {
  if (entry.type == GgufType::kArray)
    begin_array(entry.key, entry.element, static_cast<std::size_t>(entry.count));
  else
    begin(entry.key, entry.type);
  const auto bytes = source.raw(entry);
  metadata_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void GgufWriter::add(std::string name, DType type, Shape shape, std::function<Tensor()> values) {
  check(!name.empty() && name.size() <= kGgufMostNameBytes, "[gguf] the tensor name '{}' is not 1 to {} bytes long",
        name, kGgufMostNameBytes);
  for (const Entry& entry : tensors_) check(entry.name != name, "[gguf] the tensor '{}' is added twice", name);
  check(!shape.empty() && shape.size() <= 4, "[gguf] '{}' has {} dimensions, 1 to 4 are possible", name, shape.size());
  check(shape.back() % info(type).block_elements == 0, "[gguf] rows of '{}' have {} values, {} blocks take {}", name,
        shape.back(), info(type).name, info(type).block_elements);
  std::int64_t elements = 1;
  for (const std::int64_t size : shape) elements *= size;
  const std::size_t offset = tensors_.empty() ? 0 : aligned(tensors_.back().offset + tensors_.back().bytes);
  tensors_.push_back({std::move(name), type, std::move(shape), std::move(values), row_bytes(type, elements), offset});
}

std::string GgufWriter::header() const {
  std::string out = "GGUF";
  put<std::uint32_t>(out, 3);
  put<std::uint64_t>(out, tensors_.size());
  put<std::uint64_t>(out, keys_.size());
  out += metadata_;
  for (const Entry& entry : tensors_) {
    put_text(out, entry.name);
    put(out, static_cast<std::uint32_t>(entry.shape.size()));
    for (auto size = entry.shape.rbegin(); size != entry.shape.rend(); ++size)
      put(out, static_cast<std::uint64_t>(*size));
    put(out, gguf_type_number(entry.type));
    put<std::uint64_t>(out, entry.offset);
  }
  out.resize(aligned(out.size()), '\0');
  return out;
}

void GgufWriter::finish(const Progress& progress) {
  AtomicFile out(file_);
  out.write(header());
  const std::size_t all = tensors_.empty() ? 0 : tensors_.back().offset + tensors_.back().bytes;
  for (const Entry& entry : tensors_) {
    const Tensor values = entry.values();
    check(values.dtype() == entry.type && values.shape() == entry.shape && values.contiguous(),
          "[gguf] '{}' was announced as {} {}, {} {} came", entry.name, info(entry.type).name, to_string(entry.shape),
          info(values.dtype()).name, to_string(values.shape()));
    out.write(values.raw(), values.bytes());
    out.write(std::string(aligned(entry.bytes) - entry.bytes, '\0'));
    if (progress) progress(entry.offset + entry.bytes, all);
  }
  out.commit();
}

}  // namespace linnet
