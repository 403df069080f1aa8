// linnet inspect: headers of folders, GGUF files, bare tensors and vocabularies.
#include <gtest/gtest.h>

#include "linnet/base/file.h"
#include "linnet/base/json.h"
#include "linnet/models/loader.h"
#include "tests/cli/run_linnet.h"
#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet::test {
namespace {

Json inspect(const std::filesystem::path& model, std::vector<std::string> more = {}) {
  std::vector<std::string> arguments{"inspect", model.string(), "--json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const CliResult r = run_linnet(arguments);
  EXPECT_EQ(r.exit_code, 0) << r.err;
  return r.exit_code == 0 ? parse_json(r.out, "stdout") : Json::object();
}

TEST(InspectVerb, AFolderAsTheContractSays) {
  const Json json = inspect(fixtures() / "llama/causal", {"--tensors"});
  EXPECT_EQ(json["family"], "llama");
  EXPECT_EQ(json["architecture"], "LlamaForCausalLM");
  EXPECT_EQ(json["vocab_size"], 67);
  EXPECT_EQ(json["dtype"], "F32");
  EXPECT_FALSE(json["tied_embeddings"].get<bool>());
  const auto model = models::load_model(fixtures() / "llama/causal");
  EXPECT_EQ(json["parameters"], model->parameter_count());
  EXPECT_EQ(json["memory"]["train_bytes"], 16 * model->parameter_count());
  EXPECT_GT(json["memory"]["run_bytes"], 4 * model->parameter_count());
  EXPECT_EQ(json["tensors"].size(), model->parameters().size());
  for (const Json& t : json["tensors"]) EXPECT_EQ(t["name"], model->checkpoint_name(t["ours"].get<std::string>()));
}

TEST(InspectVerb, TheTableSaysWhatTheModelIs) {
  const CliResult r = run_linnet({"inspect", "-m", (fixtures() / "bloom/causal").string(), "--tensors"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  for (const char* word : {"bloom", "BloomForCausalLM", "ALiBi", "GELU (tanh)", "decoder", "memory to train",
                           "layers.0.attention.qkv.weight"})
    EXPECT_NE(r.out.find(word), std::string::npos) << word << "\n" << r.out;
}

TEST(InspectVerb, BareTensorsHaveNoFamily) {
  const Json json = inspect(fixtures() / "llama/causal/model.safetensors", {"--tensors"});
  EXPECT_TRUE(json["family"].is_null());
  EXPECT_TRUE(json["memory"].is_null());
  const Json whole = inspect(fixtures() / "llama/causal", {"--tensors"});
  ASSERT_EQ(json["tensors"].size(), whole["tensors"].size());
  for (std::size_t i = 0; i < json["tensors"].size(); ++i) {
    EXPECT_EQ(json["tensors"][i]["name"], whole["tensors"][i]["name"]);
    EXPECT_EQ(json["tensors"][i]["shape"], whole["tensors"][i]["shape"]);
    EXPECT_TRUE(json["tensors"][i]["ours"].is_null());
  }
}

TEST(InspectVerb, AFolderWithNothingButATokenizer) {
  const Scratch scratch;
  std::filesystem::copy(fixtures() / "llama/causal/tokenizer.json", scratch / "tokenizer.json");
  EXPECT_EQ(inspect(scratch.path())["vocab_size"], 67);
  std::filesystem::remove(scratch / "tokenizer.json");
  EXPECT_EQ(run_linnet({"inspect", scratch.path().string()}).exit_code, 3);
}

TEST(InspectVerb, AnAdapterNamesItsBase) {
  const CliResult r = run_linnet({"inspect", (fixtures() / "adapters/llama-lora").string()});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_NE(r.out.find("LoRA, rank "), std::string::npos) << r.out;
  EXPECT_NE(r.out.find("base"), std::string::npos) << r.out;
  EXPECT_EQ(r.err, "") << "the base's tensors are not missed";
}

TEST(InspectVerb, ADamagedHeaderIsRefused) {
  const Scratch scratch;
  write_file(scratch / "model.safetensors", "not a header");
  const CliResult r = run_linnet({"inspect", (scratch / "model.safetensors").string()});
  EXPECT_EQ(r.exit_code, 3);
  EXPECT_EQ(r.out, "");
  EXPECT_NE(r.err.find("model.safetensors: "), std::string::npos) << r.err;
}

TEST(InspectVerb, VocabularyOnlyGguf) {
  const Json json = inspect(fixtures() / "vocabularies/llama-spm.gguf");
  EXPECT_EQ(json["family"], "llama");
  EXPECT_EQ(json["vocab_size"], 560);
  EXPECT_TRUE(json["memory"].is_null());
}

TEST(InspectVerb, SmolLm2FromItsGgufWithoutReadingWeights) {
  const auto model = cached_model("SmolLM2-135M-Instruct.gguf");
  LINNET_NEEDS(model);
  const CliResult r = run_linnet({"inspect", model.string(), "--json", "--tensors"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  const Json json = parse_json(r.out, "stdout");
  EXPECT_EQ(json["parameters"], 134515008);
  EXPECT_EQ(json["vocab_size"], 49152);
  EXPECT_EQ(json["context_length"], 8192);
  EXPECT_TRUE(json["tied_embeddings"].get<bool>());
  EXPECT_LT(r.seconds, 5.0);  // a fraction of a second on an idle machine
}

}  // namespace
}  // namespace linnet::test
