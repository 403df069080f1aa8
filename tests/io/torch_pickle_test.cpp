#include "linnet/io/torch_pickle.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>

#include "linnet/base/json.h"
#include "linnet/tensor/half.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

using testing::ElementsAre;

std::uint16_t half_bits(const Tensor& t, std::size_t i) {
  std::uint16_t bits;
  std::memcpy(&bits, t.raw() + 2 * i, sizeof bits);
  return bits;
}

// A value of any type that the fixtures have.
double value_of(const Tensor& t, std::size_t i) {
  switch (t.dtype()) {
    case DType::kF32:
      return t.data<float>()[i];
    case DType::kF64:
      return t.data<double>()[i];
    case DType::kF16:
      return half_to_float(half_bits(t, i));
    case DType::kBF16:
      return bfloat_to_float(half_bits(t, i));
    case DType::kI64:
      return static_cast<double>(t.data<std::int64_t>()[i]);
    case DType::kI32:
      return t.data<std::int32_t>()[i];
    case DType::kBool:
      return std::to_integer<int>(t.raw()[i]);
    default:
      return std::nan("");
  }
}

// Views of one storage in any order are read in rows: tools/fixtures/torch_files.py.
TEST(TorchPickle, BothFormatsGiveTorchsValues) {
  const std::filesystem::path folder = LINNET_SOURCE_DIR "/tests/fixtures/torch";
  const Json expected = read_json(folder / "expected.json");
  for (const char* file : {"old.bin", "archive.bin", "inside.bin"}) {
    const auto reader = CheckpointReader::open(folder / file);
    EXPECT_EQ(reader->names().size(), expected.size()) << file;
    for (const auto& [name, wanted] : expected.items()) {
      SCOPED_TRACE(std::string(file) + ", " + name);
      const Tensor found = reader->read(name);
      EXPECT_EQ(info(found.dtype()).name, wanted["dtype"].get<std::string>());
      EXPECT_EQ(found.shape(), wanted["shape"].get<Shape>());
      const auto values = wanted["values"].get<std::vector<double>>();
      for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(value_of(found, i), values[i]) << i;
    }
  }
}

#define NEED(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "shared data is not here"

TEST(TorchPickle, ReadsAFileOfTheOldFormat) {
  const auto path = shared_data("bert-xsmall-dummy/pytorch_model.bin");
  NEED(path);
  const auto file = CheckpointReader::open(path.parent_path());
  const Json config = read_json(path.parent_path() / "config.json");
  const StoredTensor& words = file->info("embeddings.word_embeddings.weight");
  EXPECT_EQ(words.shape, (Shape{config["vocab_size"].get<std::int64_t>(), config["hidden_size"].get<std::int64_t>()}));
  const Tensor bias = file->read("pooler.dense.bias");
  EXPECT_EQ(bias.dtype(), DType::kF32);
  for (const float v : bias.data<float>()) EXPECT_LT(std::abs(v), 10.0f);
}

TEST(TorchPickle, ReadsArchives) {
  const auto path = shared_data("candle-pt-safetensors/test.pt");
  NEED(path);
  const auto file = CheckpointReader::open(path);
  EXPECT_THAT(file->names(), ElementsAre("test"));
  EXPECT_EQ(file->info("test").shape, (Shape{2, 4}));
  EXPECT_EQ(file->read("test").dtype(), DType::kI64);
  // {"model_state_dict": {"test": …}}
  EXPECT_THAT(CheckpointReader::open(shared_data("candle-pt-safetensors/test_with_key.pt"))->names(),
              ElementsAre("test"));
}

TEST(TorchPickle, BringsOtherOrdersIntoRows) {
  const auto path = shared_data("candle-pt-safetensors/fortran_tensor_3d.pth");
  NEED(path);
  const Tensor t = CheckpointReader::open(path)->read("tensor_fortran");
  EXPECT_EQ(t.shape(), (Shape{2, 3, 4}));
  // torch.arange(24) laid out with the first index fastest.
  const auto values = t.data<std::int64_t>();
  std::vector<std::int64_t> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(std::unique(sorted.begin(), sorted.end()), sorted.end());
  EXPECT_EQ(values[1] - values[0], values[2] - values[1]);
}

}  // namespace
}  // namespace linnet
