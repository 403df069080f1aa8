// The header of a safetensors file: u64 length, JSON, then the tensors' bytes without holes.
//
//   SafetensorsHeader header = parse_safetensors(file->bytes(), "model.safetensors");
//
// Also accepts spaces before and after the JSON. Rejects everything that the library's README forbids, also duplicate
// keys. Format: https://github.com/huggingface/safetensors (README).
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/base/file.h"
#include "linnet/io/checkpoint.h"

namespace linnet {

inline constexpr std::size_t kSafetensorsMostHeaderBytes = 100'000'000;
inline constexpr std::size_t kMostRank = 8;  // of a stored tensor

struct SafetensorsEntry {
  std::string name;
  StoredTensor info;
  std::size_t begin, end;  // byte range in the file
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> tensors;  // by position in the file
  std::map<std::string, std::string> metadata;
};

SafetensorsHeader parse_safetensors(std::span<const std::byte> file, std::string_view place);

// The bytes before the data: length and padded header; the ranges of entries are relative to the data.
std::string safetensors_header(std::span<const SafetensorsEntry> tensors,
                               const std::map<std::string, std::string>& metadata);

std::unique_ptr<CheckpointReader> open_safetensors(std::shared_ptr<MappedFile> file);

// A tensor over a range of a mapped file; copied only if the range is not aligned for its type.
Tensor mapped_tensor(const std::shared_ptr<MappedFile>& file, std::size_t begin, const StoredTensor& info);

}  // namespace linnet
