#include "linnet/io/sharded.h"

#include <gmock/gmock.h>

#include "tests/growth.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

std::string refused_index(std::string_view json) {
  return refusal([&] { parse_shard_index(json, "i"); });
}

TEST(Sharded, ReadsTheMapOnly) {
  EXPECT_THAT(
      parse_shard_index(R"({"metadata":{"total_size":1e99,"x":[1,{}]},"weight_map":{"a":"s/1.safetensors"}})", "i"),
      ElementsAre(Pair("a", "s/1.safetensors")));
}

TEST(Sharded, RefusesWithTheFact) {
  EXPECT_THAT(refused_index("[]"), HasSubstr("not a JSON object"));
  EXPECT_THAT(refused_index("{}"), HasSubstr("no 'weight_map'"));
  EXPECT_THAT(refused_index(R"({"weight_map":[]})"), HasSubstr("not an object"));
  EXPECT_THAT(refused_index(R"({"weight_map":{"a":null}})"), HasSubstr("null for 'a'"));
  EXPECT_THAT(refused_index(R"({"weight_map":{"a":{"b":"c"}}})"), HasSubstr("an object for 'a'"));
  EXPECT_THAT(refused_index(R"({"weight_map":{"a":"x","a":"y"}})"), HasSubstr("stands twice"));
  for (const char* name : {"../x", "/x", "C:x", "a\\\\b", ".", "", "a/../b", "a\\u0000b"})
    EXPECT_THAT(refused_index(fmt::format(R"({{"weight_map":{{"a":"{}"}}}})", name)), HasSubstr("not a file name"));
}

TEST(Sharded, IndexAndFilesMustAgree) {
  Scratch folder;
  CheckpointWriter writer(folder.path(), "part");
  writer.add("a", Tensor::zeros({1}));
  writer.add("b", Tensor::zeros({2}));
  writer.finish();
  const auto index = folder / "model.safetensors.index.json";
  const auto open = [&](const char* json) {
    put(index, json);
    return refusal([&] { open_sharded(index); });
  };
  EXPECT_THAT(open(R"({"weight_map":{"a":"part.safetensors"}})"), HasSubstr("does not list 'b'"));
  EXPECT_THAT(open(R"({"weight_map":{"c":"part.safetensors"}})"), HasSubstr("does not list 'a'"));
  EXPECT_THAT(open(R"({"weight_map":{"a":"gone.safetensors"}})"), HasSubstr("'gone.safetensors', which is missing"));
  EXPECT_THAT(open(R"({"weight_map":{"a":"model.safetensors.index.json"}})"),
              HasSubstr("model.safetensors.index.json"));
}

// A tensor that no file has is skipped with a note.
TEST(Sharded, AbsentTensorsAreLeftOut) {
  Scratch folder;
  CheckpointWriter writer(folder.path(), "part");
  writer.add("a", Tensor::zeros({1}));
  writer.finish();
  put(folder / "model.safetensors.index.json",
      R"({"weight_map":{"a":"part.safetensors","head":"part.safetensors","tail":"part.safetensors"}})");
  testing::internal::CaptureStderr();
  const auto reader = open_sharded(folder / "model.safetensors.index.json");
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("lists 2 tensors that its files do not hold, the first is 'head'"));
  EXPECT_THAT(reader->names(), ElementsAre("a"));
  EXPECT_FALSE(reader->has("head"));
}

// A shard that is a dangling link is named.
TEST(Sharded, AnUnreadableShardIsNamed) {
  Scratch folder;
  std::filesystem::create_symlink("gone", folder / "part.safetensors");
  put(folder / "model.safetensors.index.json", R"({"weight_map":{"a":"part.safetensors"}})");
  EXPECT_THAT(refusal([&] { open_sharded(folder / "model.safetensors.index.json"); }),
              HasSubstr("part.safetensors: is a link to nothing"));
}

TEST(Sharded, TimeAndMemoryGrowWithTheIndex) {
  const auto of_tensors = [](std::size_t n) {
    std::string json;
    for (std::size_t i = 0; i < n; ++i)
      json += fmt::format(R"({}"model.layers.{}.weight":"model-00001-of-00002.safetensors")", i == 0 ? "" : ",", i);
    return R"({"weight_map":{)" + json + "}}";
  };
  test::expect_linear(8'000, of_tensors, [](const std::string& json) { parse_shard_index(json, "i"); });
}

}  // namespace
}  // namespace linnet
