#include "linnet/models/summary.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "linnet/base/file.h"
#include "linnet/models/loader.h"
#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet::models {
namespace {

class Summaries : public ::testing::TestWithParam<std::string> {};

TEST_P(Summaries, CountWhatLoadingFinds) {
  const auto folder = fixtures() / GetParam();
  const Summary s = summarize(folder);
  const auto model = load_model(folder);
  EXPECT_EQ(s.family, &model->family());
  EXPECT_EQ(s.parameters, model->parameter_count());
  EXPECT_EQ(s.vocab_size, model->config().vocab);
  EXPECT_TRUE(s.missing.empty());
  std::size_t filled = 0;
  for (const TensorSummary& t : s.tensors) filled += !t.ours.empty();
  const auto buffers =
      std::ranges::count_if(model->parameters(), [](const nn::Parameter& p) { return p.part == nn::Part::kBuffer; });
  EXPECT_LE(filled, model->parameters().size());
  EXPECT_GE(filled + static_cast<std::size_t>(buffers), model->parameters().size());  // files may lack buffers
}

INSTANTIATE_TEST_SUITE_P(Fixtures, Summaries, ::testing::ValuesIn(fixture_cases("config.json")), case_name);

TEST(Summary, MemoryFollowsTypeAndContext) {
  const Summary s = summarize(fixtures() / "llama/causal");
  const RunMemory f32 = run_memory(s, WeightType::kF32, 64), longer = run_memory(s, WeightType::kF32, 128);
  EXPECT_EQ(longer.cache, 2 * f32.cache);
  EXPECT_EQ(longer.weights, f32.weights);
  EXPECT_GE(f32.weights, 4 * static_cast<std::size_t>(s.parameters));
  const TransformerConfig& c = *s.config;
  EXPECT_EQ(f32.cache, static_cast<std::size_t>(64 * c.layers * 2 * c.kv_heads * c.head_dim * 4));
  EXPECT_EQ(train_memory(s), 16 * static_cast<std::size_t>(s.parameters));
}

TEST(Summary, ShapesAreTheConfigurations) {
  const Scratch scratch;
  const auto folder = scratch / "model";
  std::filesystem::copy(fixtures() / "llama/causal", folder);
  Json config = read_json(folder / "config.json");
  config["intermediate_size"] = config["intermediate_size"].get<int>() + 1;
  write_file(folder / "config.json", dump_json(config));
  EXPECT_NE(refusal([&] { summarize(folder); }).find("the configuration says"), std::string::npos);
  config["model_type"] = "lama";
  write_file(folder / "config.json", dump_json(config));
  EXPECT_NE(refusal([&] { summarize(folder); }).find("llama"), std::string::npos);
}

TEST(Summary, AnIncompleteCheckpointIsShownWithWhatItLacks) {
  const Scratch scratch;
  std::filesystem::copy(fixtures() / "llama/causal/config.json", scratch / "config.json");
  const auto whole = CheckpointReader::open(fixtures() / "llama/causal");
  CheckpointWriter part(scratch.path());
  for (const std::string& name : whole->names())
    if (name != "model.norm.weight") part.add(name, whole->read(name));
  part.finish();
  EXPECT_EQ(summarize(scratch.path()).missing, std::vector<std::string>{"model.norm.weight"});
}

TEST(Summary, NothingThereIsBadInput) {
  const Scratch scratch;
  EXPECT_NE(refusal([&] { summarize(scratch.path()); }).find("no config.json, no weights and no tokenizer"),
            std::string::npos);
  EXPECT_NE(refusal([&] { summarize(scratch / "none"); }).find("no such model"), std::string::npos);
}

}  // namespace
}  // namespace linnet::models
