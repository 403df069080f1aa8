#include "linnet/io/torch_pickle.h"

#include <gmock/gmock.h>

#include "linnet/base/json.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

using testing::ElementsAre;

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
