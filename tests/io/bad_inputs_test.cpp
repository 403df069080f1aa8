// Every hostile container through its reader.
#include "tests/bad_inputs.h"

#include "linnet/base/file.h"
#include "linnet/io/checkpoint.h"
#include "linnet/io/gguf.h"
#include "linnet/io/torch_pickle.h"
#include "tests/scratch.h"

namespace linnet::test {
namespace {

// Opening checks; reading every tensor accesses the checked ranges.
void read_all(const std::filesystem::path& path) {
  const auto checkpoint = CheckpointReader::open(path);
  std::size_t sum = 0;
  for (const std::string& name : checkpoint->names()) {
    const Tensor tensor = checkpoint->read(name);
    for (std::size_t i = 0; i < tensor.bytes(); ++i) sum += std::to_integer<std::size_t>(tensor.raw()[i]);
  }
  volatile std::size_t touched = sum;
  static_cast<void>(touched);
}

TEST(BadInputs, Safetensors) {
  for (const BadInput& row : hostile_files("safetensors/")) expect_contained(row, [&] { read_all(row.path); });
}

TEST(BadInputs, Gguf) {
  for (BadInput row : hostile_files("gguf/")) {
    // The container is valid: the model's loader must reject it.
    if (row.why.starts_with("model stage")) row.expect = "accept";
    expect_contained(row, [&] { read_all(row.path); });
  }
}

TEST(BadInputs, GgufPolicies) {
  for (BadInput row : hostile_files("gguf/")) {
    if (row.expect != "policy") continue;
    row.expect = "reject";  // version 1; names longer than 63 bytes
    expect_contained(row, [&] { read_all(row.path); });
  }
}

TEST(BadInputs, PyTorchFiles) {
  for (const BadInput& row : hostile_files("zip-pickle/"))
    expect_contained(row, [&] { open_torch_pickle(MappedFile::open(row.path)); });
}

TEST(BadInputs, ShardIndices) {
  for (const BadInput& row : hostile_files("safetensors-index/")) {
    Scratch scratch;
    const auto folder = scratch / "outer/model";
    put(folder / "model.safetensors.index.json", read_file(row.path));
    // A good file outside the folder, at the targets of the names.
    CheckpointWriter planted((scratch / "outer"), "x");
    planted.add("a", Tensor::zeros({1}));
    planted.finish();
    expect_contained(row, [&] { read_all(folder); });
  }
}

}  // namespace
}  // namespace linnet::test
