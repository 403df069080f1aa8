// Named tensors on disk: one .safetensors file, a sharded set with its index, a pytorch_model.bin, or a GGUF file.
// Opening maps the files and checks every range; no value is copied.
//
//   auto checkpoint = CheckpointReader::open("model-folder");
//   for (const std::string& name : checkpoint->names()) Tensor weight = checkpoint->read(name);
//
//   CheckpointWriter out("new-folder");
//   out.add("model.norm.weight", weight);
//   out.finish();
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/tensor/tensor.h"

namespace linnet {

class GgufFile;

// In a file or an index: more is refused before any is looked at.
inline constexpr std::size_t kMostTensors = 262'144;

struct StoredTensor {
  DType dtype;
  Shape shape;  // row-major, slowest dimension first, for every file format
};

class CheckpointReader {
 public:
  // A file, by its content, or a folder: model.safetensors, model.safetensors.index.json, pytorch_model.bin,
  // pytorch_model.bin.index.json, in that order; adapter_model.* for an adapter's folder. kBadInput naming the file if
  // it is broken, unsupported or missing.
  static std::unique_ptr<CheckpointReader> open(const std::filesystem::path& file_or_folder);
  virtual ~CheckpointReader() = default;

  virtual std::span<const std::string> names() const = 0;  // in the order of the file
  virtual bool has(std::string_view name) const = 0;
  virtual const StoredTensor& info(std::string_view name) const = 0;  // kBadInput if there is no such tensor
  // Shares the mapping, which lives as long as the tensor; pages are copied on first write, the file never changes.
  // Copies values that are not aligned or not row-major in the file. Each call returns a new tensor.
  virtual Tensor read(std::string_view name) const = 0;
  // The text entries of a safetensors header ("format" -> "pt"); empty for other formats.
  virtual const std::map<std::string, std::string>& metadata() const = 0;
};

// The tensors of an open GGUF file.
std::unique_ptr<CheckpointReader> gguf_checkpoint(std::shared_ptr<GgufFile> file);

// True if the folder has weights with one of the names that `open` looks for.
bool has_checkpoint(const std::filesystem::path& folder);

// Writes <stem>.safetensors; above max_shard_bytes, <stem>-00001-of-0000N.safetensors with an index. Bytes are those
// of Hugging Face's safetensors library: widest element type first, then by name; header padded to 8 bytes.
class CheckpointWriter {
 public:
  explicit CheckpointWriter(std::filesystem::path folder, std::string stem = "model",
                            std::size_t max_shard_bytes = 50'000'000'000);
  // Skips a tensor (or a view of the same bytes) that has another name already: tied tensors are stored once, with
  // their first name. Quantised types are kInvalidArgument: safetensors does not have them.
  void add(std::string name, const Tensor& value);
  void metadata(std::string key, std::string value);  // in addition to {"format": "pt"}
  // Every file gets its name only when complete; the index is written last.
  void finish();

 private:
  struct Entry {
    std::string name;
    Tensor value;
  };
  void write_shard(const std::filesystem::path& file, std::span<const Entry> entries) const;
  std::filesystem::path folder_;
  std::string stem_;
  std::size_t max_shard_bytes_;
  std::vector<Entry> entries_;
  std::set<std::string> names_;                 // of the entries
  std::multimap<const void*, std::size_t> at_;  // address of the values: index into the entries
  std::map<std::string, std::string> metadata_;
};

}  // namespace linnet
