// Writes GGUF files, version 3: typed metadata, then tensors. The values of a tensor are requested when it is written,
// so that memory holds one tensor at a time.
//
//   GgufWriter out("model.gguf");
//   out.set("general.architecture", "llama");
//   out.set("llama.block_count", std::uint32_t{30});
//   out.add("output_norm.weight", DType::kF32, {576}, [&] { return norm; });
//   out.finish();
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/io/gguf.h"

namespace linnet {

class GgufWriter {
 public:
  explicit GgufWriter(std::filesystem::path file) : file_(std::move(file)) {}

  // A duplicate key is kInvalidArgument.
  void set(std::string_view key, std::uint32_t value);
  void set(std::string_view key, float value);
  void set(std::string_view key, bool value);
  void set(std::string_view key, std::string_view value);
  void set(std::string_view key, const char* value) { set(key, std::string_view(value)); }
  void set(std::string_view key, std::span<const std::int32_t> values);
  void set(std::string_view key, std::span<const float> values);
  void set(std::string_view key, std::span<const std::string> values);
  void set_bytes(std::string_view key, std::string_view bytes);  // an array of u8
  // Copies an entry of another file unchanged.
  void copy(const GgufFile& source, const GgufEntry& entry);

  // `shape` has the slowest dimension first, as everywhere here; `values` returns a contiguous tensor of that type and
  // shape. Rows that are not whole blocks, names over 63 bytes and duplicate names are kInvalidArgument.
  void add(std::string name, DType type, Shape shape, std::function<Tensor()> values);
  // Called with the bytes written so far and the total of all tensors.
  using Progress = std::function<void(std::size_t done, std::size_t all)>;
  // The file gets its name only when complete.
  void finish(const Progress& progress = {});

 private:
  struct Entry {
    std::string name;
    DType type;
    Shape shape;
    std::function<Tensor()> values;
    std::size_t bytes, offset;
  };
  void begin(std::string_view key, GgufType type);
  void begin_array(std::string_view key, GgufType element, std::size_t count);
  std::string header() const;

  std::filesystem::path file_;
  std::string metadata_;
  std::vector<std::string> keys_;
  std::vector<Entry> tensors_;
};

}  // namespace linnet
