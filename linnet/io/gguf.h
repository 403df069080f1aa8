// Reads GGUF files, versions 2 and 3, little-endian: typed metadata and mapped tensors.
//
//   auto file = GgufFile::open("model.gguf");
//   std::int64_t layers = file->integer("llama.block_count").value_or(0);
//   Tensor table = file->read("token_embd.weight");
//
// A model in several files (model-00001-of-00003.gguf, …) is opened by its first one, which has the metadata. Opening
// checks everything (ranges, overlaps, duplicates, counts against the remaining bytes); the arrays of the metadata stay
// in the mapping until used. Format: ggml's docs/gguf.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/base/file.h"
#include "linnet/tensor/tensor.h"

namespace linnet {

// Value types of the metadata, with their numbers in the file.
enum class GgufType : std::uint32_t {
  kU8,
  kI8,
  kU16,
  kI16,
  kU32,
  kI32,
  kF32,
  kBool,
  kString,
  kArray,
  kU64,
  kI64,
  kF64,
};
std::string_view to_string(GgufType type);

std::uint32_t gguf_type_number(DType type);  // ggml's number of a tensor type; kInvalidArgument if it has none

inline constexpr std::size_t kGgufMostNameBytes = 63;     // limit of a tensor's name, as in llama.cpp
inline constexpr std::size_t kGgufMostTensors = 262'144;  // limits the tables for a hostile file

// Position of one metadata entry.
struct GgufEntry {
  std::string_view key;
  GgufType type;        // of the value; kArray for arrays
  GgufType element;     // of an array's elements, else as `type`
  std::uint64_t count;  // elements of an array, else 1
  std::size_t offset;   // of the first value in the file
  std::size_t bytes;    // of all values
};

struct GgufTensor {
  std::string name;
  DType dtype;
  Shape shape;         // slowest dimension first: the reverse of the file's
  std::size_t offset;  // of the first byte in its file
  std::size_t bytes;
  std::size_t part = 0;  // which of several files
};

class GgufFile {
 public:
  static std::shared_ptr<GgufFile> open(const std::filesystem::path& path);
  static std::shared_ptr<GgufFile> parse(std::shared_ptr<MappedFile> file);
  // For tests: bytes that outlive the object; `place` is for messages.
  static std::shared_ptr<GgufFile> parse(std::span<const std::byte> bytes, std::string place);

  // Metadata, in the order of the file. The typed look-ups return nothing for an absent key and fail (kBadInput naming
  // the key and both types) for another type. Integers and floats of every width convert.
  std::span<const GgufEntry> entries() const { return entries_; }
  const GgufEntry* find(std::string_view key) const;
  bool has(std::string_view key) const { return find(key) != nullptr; }
  std::optional<std::int64_t> integer(std::string_view key) const;
  std::optional<double> number(std::string_view key) const;  // integers convert too
  std::optional<bool> boolean(std::string_view key) const;
  std::optional<std::string> string(std::string_view key) const;
  std::optional<std::vector<std::string>> strings(std::string_view key) const;
  std::optional<std::vector<std::int64_t>> integers(std::string_view key) const;
  std::optional<std::vector<double>> numbers(std::string_view key) const;
  std::optional<std::vector<bool>> booleans(std::string_view key) const;
  std::span<const std::byte> raw(const GgufEntry& entry) const { return bytes_.subspan(entry.offset, entry.bytes); }
  std::string architecture() const;  // general.architecture; kBadInput if absent

  std::span<const GgufTensor> tensors() const { return tensors_; }
  const GgufTensor* find_tensor(std::string_view name) const;
  Tensor read(std::string_view name) const;  // shares the mapping

  const std::string& place() const { return place_; }  // the path, for messages
  std::size_t alignment() const { return alignment_; }
  std::uint32_t version() const { return version_; }

 private:
  GgufFile() = default;
  void parse_header();
  void add_parts();
  void add_part(const std::filesystem::path& path, std::int64_t number, std::int64_t count);
  void sort_tensors();
  void parse_entries(class GgufCursor& cursor, std::uint64_t count);
  GgufTensor parse_tensor(class GgufCursor& cursor) const;
  void parse_tensors(class GgufCursor& cursor, std::uint64_t count);
  void check_ranges(std::size_t data_start);
  const GgufEntry* expect(std::string_view key, bool array, std::string_view wanted, bool (*fits)(GgufType)) const;

  std::shared_ptr<MappedFile> file_;
  std::span<const std::byte> bytes_;
  std::string place_;
  std::uint32_t version_ = 0;
  std::size_t alignment_ = 32;
  std::vector<GgufEntry> entries_;
  std::vector<std::uint32_t> by_key_;  // positions in entries_, sorted by key
  std::vector<GgufTensor> tensors_;
  std::vector<std::uint32_t> by_name_;
  std::vector<std::shared_ptr<GgufFile>> parts_;  // the files after the first
};

}  // namespace linnet
