// linnet convert and linnet merge: their output and their errors.
#include <gtest/gtest.h>

#include <csignal>

#include "linnet/adapt/adapter.h"
#include "linnet/base/file.h"
#include "linnet/base/json.h"
#include "linnet/io/checkpoint.h"
#include "linnet/models/loader.h"
#include "tests/cli/run_linnet.h"
#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet::test {
namespace {

std::size_t entries(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(Convert, IntoAFolderWritesTheTypeAndCopiesTheTokenizer) {
  Scratch scratch;
  const auto source = fixtures() / "llama/causal", output = scratch / "out";
  const CliResult r = run_linnet({"convert", source.string(), "-o", output.string(), "--dtype", "bf16", "--json"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_EQ(Json::parse(r.out)["format"], "folder");
  for (const char* name : {"tokenizer.json", "tokenizer_config.json"})
    EXPECT_EQ(read_file(output / name), read_file(source / name)) << name;
  EXPECT_EQ(read_json(output / "config.json")["dtype"], "bfloat16");
  const auto before = CheckpointReader::open(source), after = CheckpointReader::open(output);
  ASSERT_EQ(after->names().size(), before->names().size());
  for (const std::string& name : before->names()) EXPECT_EQ(after->info(name).dtype, DType::kBF16) << name;
  EXPECT_EQ(entries(scratch.path()), 1U);  // no partial file next to it
}

TEST(Convert, OfAFolderThatHasTheTypeChangesNothing) {
  Scratch scratch;
  const auto source = fixtures() / "gpt2/causal", output = scratch / "out";
  ASSERT_EQ(run_linnet({"convert", "-m", source.string(), "-o", output.string()}).exit_code, 0);
  EXPECT_EQ(read_file(output / "model.safetensors"), read_file(source / "model.safetensors"));
}

TEST(Convert, RefusesBlocksInAFolder) {
  Scratch scratch;
  for (const char* dtype : {"q8", "q4"}) {
    const CliResult r = run_linnet(
        {"convert", (fixtures() / "llama/causal").string(), "-o", (scratch / "out").string(), "--dtype", dtype});
    EXPECT_EQ(r.exit_code, 2) << r.err;
    EXPECT_EQ(r.out, "");
  }
  EXPECT_EQ(entries(scratch.path()), 0U);
}

TEST(Convert, RefusesWhatItCannotDoAndLeavesNothing) {
  Scratch scratch;
  const std::string model = (fixtures() / "llama/causal").string(), folder = (scratch / "out").string();
  EXPECT_EQ(run_linnet({"convert", model}).exit_code, 2);
  EXPECT_EQ(run_linnet({"convert", model, "-o", folder, "--dtype", "f8"}).exit_code, 2);
  EXPECT_EQ(run_linnet({"convert", folder, "-o", folder + "2"}).exit_code, 3);
  const CliResult words = run_linnet({"convert", model, "-o", folder + ".gguf"});
  EXPECT_EQ(words.exit_code, 3);
  EXPECT_NE(words.err.find("WordLevel"), std::string::npos) << words.err;
  const CliResult adapter = run_linnet({"convert", (fixtures() / "adapters/llama-lora").string(), "-o", folder});
  EXPECT_EQ(adapter.exit_code, 3);
  EXPECT_NE(adapter.err.find("linnet merge"), std::string::npos) << adapter.err;
  EXPECT_EQ(entries(scratch.path()), 0U);
  put(scratch / "out/mine.txt", "mine");
  EXPECT_EQ(run_linnet({"convert", model, "-o", folder}).exit_code, 2);
  EXPECT_EQ(entries(scratch / "out"), 1U);
}

TEST(Convert, AFileThatMayNotGrowIsAnErrorAndLeavesNothing) {
  Scratch scratch;
  const std::string model = (fixtures() / "llama/causal").string(), folder = (scratch / "out").string();
  const CliResult r = run_linnet({"convert", model, "-o", folder}, {.file_size = 4096});
  EXPECT_EQ(r.exit_code, 1) << r.err;
  EXPECT_NE(r.err.find("model.safetensors: writing failed"), std::string::npos) << r.err;
  EXPECT_EQ(entries(scratch.path()), 0U);
}

TEST(Convert, InterruptedItLeavesNothing) {
  const auto model = cached_model("SmolLM2-135M-Instruct.gguf");
  LINNET_NEEDS(model);
  Scratch scratch;
  for (const char* name : {"out", "out.gguf"})
    for (const double wait : {0.2, 0.4, 0.8, 1.6}) {  // some of them while writing
      const CliResult r = run_linnet({"convert", model.string(), "-o", (scratch / name).string(), "--dtype", "f32"},
                                     {.signal = SIGINT, .signal_after_s = wait});
      if (r.exit_code == 0) std::filesystem::remove_all(scratch / name);
      EXPECT_TRUE(r.exit_code == 130 || r.exit_code == 0) << r.exit_code << r.err;
      EXPECT_EQ(entries(scratch.path()), 0U) << name << " after " << wait;
    }
}

class Merge : public ::testing::TestWithParam<std::string> {};

TEST_P(Merge, GivesTheReferencesNumbersWithoutTheAdapter) {
  Scratch scratch;
  const auto adapter = fixtures() / "adapters" / GetParam(), output = scratch / "out";
  const CliResult r = run_linnet({"merge", adapter.string(), "-o", output.string()});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_FALSE(is_adapter_folder(output));
  const Expected expected(adapter / "expected.safetensors");
  const auto merged = models::load_model(output, {.dtype = models::WeightType::kF32});
  const nn::Packed batch = nn::pack(expected.batch());
  const bool classes = merged->config().head == models::HeadKind::kSequenceClass;
  const Tensor logits = classes ? merged->classify(merged->pooled(batch)) : merged->logits(merged->forward(batch));
  expect_close(logits.data<float>(), expected.kept("logits", expected.batch().mask), 1e-4, GetParam());
  EXPECT_TRUE(!classes || merged->config().head_trained);
}

INSTANTIATE_TEST_SUITE_P(Fixtures, Merge,
                         ::testing::Values("llama-lora", "gpt2-lora", "bloom-lora", "llama-rslora-all",
                                           "llama-rank-pattern", "bert-masked-lora", "bert-classifier-lora",
                                           "gpt2-classifier-lora"),
                         case_name);

TEST(MergeRefusals, NameWhatIsNoLora) {
  Scratch scratch;
  const std::string output = (scratch / "out").string();
  for (const char* name : {"gpt2-prompt", "llama-prefix"}) {
    const CliResult r = run_linnet({"merge", (fixtures() / "adapters" / name).string(), "-o", output});
    EXPECT_EQ(r.exit_code, 3) << r.err;
    EXPECT_NE(r.err.find("soft prompt or prefix"), std::string::npos) << r.err;
  }
  EXPECT_EQ(run_linnet({"merge", (fixtures() / "gpt2/causal").string(), "-o", output}).exit_code, 3);
  EXPECT_EQ(run_linnet({"merge", "-o", output}).exit_code, 2);
  EXPECT_EQ(entries(scratch.path()), 0U);
}

// The error for a quantised model had the name of an internal tensor.
TEST(Convert, SaysThatAQuantisedModelNeedsAType) {
  const auto model = cached_model("SmolLM2-135M-Instruct.gguf");
  LINNET_NEEDS(model);
  Scratch scratch;
  const CliResult r = run_linnet({"convert", model.string(), "-o", (scratch / "out").string()});
  EXPECT_EQ(r.exit_code, 2) << r.err;
  EXPECT_NE(r.err.find("SmolLM2-135M-Instruct.gguf has Q"), std::string::npos) << r.err;
  EXPECT_NE(r.err.find("--dtype bf16"), std::string::npos) << r.err;
  EXPECT_EQ(entries(scratch.path()), 0U);
}

TEST(MergeRefusals, LookForTheBaseWhereTheyAreTold) {
  Scratch scratch;
  const auto adapter = scratch / "adapter";
  std::filesystem::copy(fixtures() / "adapters/gpt2-lora", adapter);
  Json config = read_json(adapter / "adapter_config.json");
  config["base_model_name_or_path"] = "nowhere/at-all";
  put(adapter / "adapter_config.json", dump_json(config));
  const std::string output = (scratch / "out").string();
  const CliResult lost = run_linnet({"merge", adapter.string(), "-o", output});
  EXPECT_EQ(lost.exit_code, 3) << lost.err;
  EXPECT_NE(lost.err.find("--base"), std::string::npos) << lost.err;
  const CliResult told =
      run_linnet({"merge", adapter.string(), "--base", (fixtures() / "gpt2/causal").string(), "-o", output});
  EXPECT_EQ(told.exit_code, 0) << told.err;
}

}  // namespace
}  // namespace linnet::test
