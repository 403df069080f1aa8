// Any bytes as a .safetensors file: every range is in the file, and the header is the same after writing and reading.
#include "linnet/io/safetensors.h"

#include "fuzz/input.h"

using namespace linnet;

namespace {

SafetensorsHeader parsed(std::string_view bytes) {
  return parse_safetensors(std::as_bytes(std::span(bytes)), "input.safetensors");
}

void check_round_trip(const SafetensorsHeader& header, std::size_t file_bytes) {
  auto moved = header.tensors;
  std::size_t data_bytes = 0, start = file_bytes;
  for (const SafetensorsEntry& tensor : moved) {
    LINNET_ASSERT(tensor.begin <= tensor.end && tensor.end <= file_bytes);
    start = std::min(start, tensor.begin);
    data_bytes += tensor.end - tensor.begin;
  }
  for (SafetensorsEntry& tensor : moved) tensor.begin -= start, tensor.end -= start;
  const SafetensorsHeader again = parsed(safetensors_header(moved, header.metadata) + std::string(data_bytes, '\0'));
  LINNET_ASSERT(again.metadata == header.metadata && again.tensors.size() == moved.size());
}

}  // namespace

FUZZ_TARGET(bytes) {
  SafetensorsHeader header;
  if (!fuzz::survives([&] { header = parsed(bytes); })) return;
  check_round_trip(header, bytes.size());
  const auto reader = open_safetensors(MappedFile::open(fuzz::as_file(bytes, "input.safetensors")));
  for (const std::string& name : reader->names()) {
    const Tensor tensor = reader->read(name);
    const std::string copy(reinterpret_cast<const char*>(tensor.raw()), tensor.bytes());
    LINNET_ASSERT(copy.size() <= bytes.size());
  }
}
