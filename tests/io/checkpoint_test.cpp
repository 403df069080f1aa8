#include "linnet/io/checkpoint.h"

#include <gmock/gmock.h>

#include "linnet/base/file.h"
#include "linnet/base/json.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Tensor values(std::vector<float> numbers) {
  const auto count = static_cast<std::int64_t>(numbers.size());
  return Tensor::from(std::span<const float>(numbers), {count});
}

TEST(Checkpoint, WrittenTensorsAreReadBackMapped) {
  Scratch folder;
  CheckpointWriter writer(folder.path());
  writer.add("b", values({1, 2}));
  writer.add("a", values({3}));
  writer.add("ids", Tensor::zeros({3}, DType::kI64));
  writer.metadata("made_by", "test");
  writer.finish();
  const auto reader = CheckpointReader::open(folder.path());
  EXPECT_THAT(reader->names(), ElementsAre("ids", "a", "b"));  // widest type first, then by name
  EXPECT_THAT(reader->read("b").data<float>(), ElementsAre(1, 2));
  EXPECT_TRUE(reader->read("b").storage()->mapped());
  EXPECT_EQ(reader->metadata().at("format"), "pt");
  EXPECT_EQ(reader->metadata().at("made_by"), "test");
  EXPECT_THAT(refusal([&] { reader->read("c"); }), HasSubstr("'c'"));
}

TEST(Checkpoint, TiedTensorsAreStoredOnce) {
  Scratch folder;
  const Tensor shared = values({1, 2, 3});
  CheckpointWriter writer(folder.path());
  writer.add("embedding", shared);
  writer.add("head", shared.reshape({3}));
  writer.finish();
  EXPECT_THAT(CheckpointReader::open(folder.path())->names(), ElementsAre("embedding"));
}

TEST(Checkpoint, ShardsAreFilledInOrder) {
  Scratch folder;
  CheckpointWriter writer(folder.path(), "model", 16);
  writer.add("a", values({1, 2, 3}));
  writer.add("b", values({4}));
  writer.add("c", values({5, 6}));
  writer.finish();
  EXPECT_FALSE(std::filesystem::exists(folder / "model.safetensors"));
  const Json index = read_json(folder / "model.safetensors.index.json");
  EXPECT_EQ(index["metadata"]["total_size"], 24);
  EXPECT_EQ(index["weight_map"]["b"], "model-00001-of-00002.safetensors");
  EXPECT_EQ(index["weight_map"]["c"], "model-00002-of-00002.safetensors");
  const auto reader = CheckpointReader::open(folder.path());
  EXPECT_THAT(reader->read("c").data<float>(), ElementsAre(5, 6));
  EXPECT_EQ(reader->info("a").shape, Shape{3});
}

TEST(Checkpoint, WhatCannotBeStoredIsRefused) {
  Scratch folder;
  CheckpointWriter writer(folder.path());
  writer.add("a", values({1}));
  EXPECT_THROW(writer.add("a", values({2})), Error);
  EXPECT_THROW(writer.add("q", Tensor::zeros({32}, DType::kQ8_0)), Error);
  EXPECT_THROW(writer.add("t", Tensor::zeros({2, 3}).transpose(0, 1)), Error);
}

TEST(Checkpoint, SavingOverTheMappedFileKeepsTheOldBytes) {
  Scratch folder;
  CheckpointWriter first(folder.path());
  first.add("w", values({1, 2}));
  first.finish();
  const Tensor mapped = CheckpointReader::open(folder.path())->read("w");
  CheckpointWriter second(folder.path());
  second.add("w", mapped);
  second.finish();
  CheckpointWriter third(folder.path());
  third.add("w", values({7, 8}));
  third.finish();
  EXPECT_THAT(mapped.data<float>(), ElementsAre(1, 2));
  EXPECT_THAT(CheckpointReader::open(folder.path())->read("w").data<float>(), ElementsAre(7, 8));
}

TEST(Checkpoint, WritingToAMappedTensorLeavesTheFileAlone) {
  Scratch folder;
  CheckpointWriter writer(folder.path());
  writer.add("w", values({1}));
  writer.finish();
  const std::string before = read_file(folder / "model.safetensors");
  CheckpointReader::open(folder.path())->read("w").data<float>()[0] = 5;
  EXPECT_EQ(read_file(folder / "model.safetensors"), before);
}

TEST(Checkpoint, AFolderWithoutWeightsIsRefused) {
  Scratch folder;
  EXPECT_THAT(refusal([&] { CheckpointReader::open(folder.path()); }), HasSubstr("has no model.safetensors"));
  EXPECT_THAT(refusal([&] { CheckpointReader::open(folder / "none.safetensors"); }), HasSubstr("cannot be opened"));
}

// Files of Python's safetensors library: reading and writing gives the same bytes.
void expect_same_bytes(const std::filesystem::path& file) {
  Scratch folder;
  const auto reader = CheckpointReader::open(file);
  CheckpointWriter writer(folder.path());
  for (const std::string& name : reader->names()) writer.add(name, reader->read(name));
  for (const auto& [key, value] : reader->metadata()) writer.metadata(key, value);
  writer.finish();
  EXPECT_TRUE(read_file(folder / "model.safetensors") == read_file(file)) << file;
}

TEST(Checkpoint, RoundTripOfARealModelIsByteEqual) {
  const auto file = shared_data("stories260K-hf/model.safetensors");
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "shared data is not here";
  expect_same_bytes(file);
}

TEST(Checkpoint, RoundTripOfTheFixturesIsByteEqual) {
  int count = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(std::filesystem::path(LINNET_SOURCE_DIR) / "tests/fixtures"))
    // A file without metadata is not byte-equal: ours have the format, which Transformers requires.
    if (entry.path().filename() == "model.safetensors" && !CheckpointReader::open(entry.path())->metadata().empty()) {
      expect_same_bytes(entry.path());
      ++count;
    }
  EXPECT_GT(count, 0);
}

}  // namespace
}  // namespace linnet
