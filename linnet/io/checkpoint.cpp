#include "linnet/io/checkpoint.h"

#include <array>
#include <cstring>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/io/gguf.h"
#include "linnet/io/safetensors.h"
#include "linnet/io/sharded.h"
#include "linnet/io/torch_pickle.h"

namespace linnet {
namespace {

class GgufReader : public CheckpointReader {
 public:
  explicit GgufReader(std::shared_ptr<GgufFile> file) : file_(std::move(file)) {
    for (const GgufTensor& tensor : file_->tensors()) {
      names_.push_back(tensor.name);
      infos_.push_back({tensor.dtype, tensor.shape});
    }
  }
  std::span<const std::string> names() const override { return names_; }
  bool has(std::string_view name) const override { return file_->find_tensor(name) != nullptr; }
  const StoredTensor& info(std::string_view name) const override {
    const GgufTensor* tensor = file_->find_tensor(name);
    check(tensor != nullptr, ErrorKind::kBadInput, "{}: has no tensor '{}'; it is incomplete or of another model",
          file_->place(), printable(name));
    return infos_[static_cast<std::size_t>(tensor - file_->tensors().data())];
  }
  Tensor read(std::string_view name) const override { return file_->read(name); }
  const std::map<std::string, std::string>& metadata() const override {
    static const std::map<std::string, std::string> none;
    return none;
  }

 private:
  std::shared_ptr<GgufFile> file_;
  std::vector<std::string> names_;
  std::vector<StoredTensor> infos_;
};

// Possible names of a folder's weights, in order of precedence.
constexpr std::array kNames{"model.safetensors",         "model.safetensors.index.json",
                            "pytorch_model.bin",         "pytorch_model.bin.index.json",
                            "adapter_model.safetensors", "adapter_model.bin"};

// The first of them that exists, or "".
std::filesystem::path find_weights(const std::filesystem::path& folder) {
  for (const char* name : kNames)
    if (has_companion(folder / name)) return folder / name;
  return {};
}

}  // namespace

std::unique_ptr<CheckpointReader> gguf_checkpoint(std::shared_ptr<GgufFile> file) {
  return std::make_unique<GgufReader>(std::move(file));
}

std::unique_ptr<CheckpointReader> open_checkpoint_file(const std::filesystem::path& path) {
  auto file = MappedFile::open(path);
  const auto bytes = file->bytes();
  if (path.extension() == ".gguf" || (bytes.size() >= 4 && std::memcmp(bytes.data(), "GGUF", 4) == 0))
    return gguf_checkpoint(GgufFile::parse(std::move(file)));
  const std::string extension = path.extension().string();
  if (extension == ".bin" || extension == ".pt" || extension == ".pth" || extension == ".pkl" || extension == ".zip")
    return open_torch_pickle(std::move(file));
  return open_safetensors(std::move(file));
}

std::unique_ptr<CheckpointReader> CheckpointReader::open(const std::filesystem::path& path) {
  if (path.string().ends_with(".index.json")) return open_sharded(path);
  if (!is_folder(path)) return open_checkpoint_file(path);
  if (const auto file = find_weights(path); !file.empty()) return open(file);
  fail(ErrorKind::kBadInput,
       "{}: has no model.safetensors, model.safetensors.index.json, pytorch_model.bin or adapter_model.safetensors; "
       "download the weights",
       path.string());
}

bool has_checkpoint(const std::filesystem::path& folder) { return !find_weights(folder).empty(); }

}  // namespace linnet
