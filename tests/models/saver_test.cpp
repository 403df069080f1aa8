#include "linnet/models/saver.h"

#include <gmock/gmock.h>

#include "linnet/base/file.h"
#include "linnet/models/loader.h"
#include "linnet/tokenizer/tokenizer_files.h"
#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet::models {
namespace {

using ::testing::HasSubstr;

// Names to bytes of a folder in any format.
std::map<std::string, std::string> tensors(const std::filesystem::path& folder) {
  const auto reader = CheckpointReader::open(folder);
  std::map<std::string, std::string> all;
  for (const std::string& name : reader->names()) {
    const Tensor t = reader->read(name);
    all[name] = std::string(info(t.dtype()).name) + to_string(t.shape()) +
                std::string(reinterpret_cast<const char*>(t.raw()), t.bytes());
  }
  return all;
}

class Saved : public ::testing::TestWithParam<std::string> {};

TEST_P(Saved, HoldsTheSameTensorsAndMeansTheSame) {
  Scratch scratch;
  const auto model = load_model(fixtures() / GetParam());
  save_model(*model, scratch / "out");
  EXPECT_EQ(tensors(scratch / "out"), tensors(fixtures() / GetParam()));
  const auto again = load_model(scratch / "out");
  const auto hidden = [](const Model& m) {
    const nn::Packed batch = nn::pack({{5, 6, 7, 8}});
    if (m.config().stack != nn::Stack::kEncoderDecoder) return m.forward(batch);
    const nn::Encoded encoded = m.encode(batch);
    return m.forward(batch, {.encoder = &encoded});
  };
  expect_close(hidden(*again).data<float>(), hidden(*model).data<float>(), 0, "hidden");
  Json before = read_json(fixtures() / GetParam() / "config.json");
  const Json written = read_json(scratch / "out" / "config.json");
  for (const auto& [key, value] : written.items()) before.erase(key);
  for (const auto& [key, value] : before.items()) EXPECT_TRUE(value.is_null()) << key << " was lost";
}

INSTANTIATE_TEST_SUITE_P(
    Fixtures, Saved,
    ::testing::Values("bert/masked", "bert/pretraining", "bert/questions", "bloom/classifier", "bloom/torch-bin",
                      "gpt2/half", "gpt2/untied", "llama/bfloat16", "llama/rope-yarn-old", "llama/sharded",
                      "llama/tied", "mistral/old-spelling", "qwen2/old-spelling", "qwen2/tied", "qwen3/old-spelling",
                      "qwen3/wide-heads", "roberta/masked", "roberta/classifier", "roberta/activations",
                      "xlm-roberta/masked", "camembert/tokens", "distilbert/masked", "distilbert/classifier",
                      "distilbert/activations", "electra/masked", "electra/classifier", "electra/one-width",
                      "mpnet/masked", "mpnet/classifier", "albert/masked", "albert/groups", "t5/generation", "t5/gated",
                      "deberta-v2/masked", "deberta-v2/apart", "deberta-v2/one-kind", "bart/classifier", "bart/scaled",
                      "mbart/generation", "marian/trunk", "pegasus/generation", "umt5/generation", "umt5/encoder",
                      "mistral/window", "qwen2/window-version-4", "qwen3/window", "gemma/old-spelling",
                      "gemma/wide-heads", "gemma2/uncapped", "gemma2/old-spelling", "gemma3_text/six-layers",
                      "gemma3_text/version-4", "smollm3/old-spelling", "smollm3/window", "modernbert/version-4",
                      "modernbert/masked", "modernbert/mean", "phi3/causal", "phi3/rope-longrope",
                      "gpt_neox/sequential", "gpt_neox/old-spelling", "olmo2/causal", "granite/tied", "stablelm/tied",
                      "stablelm/old-spelling", "granite/old-spelling", "opt/causal", "opt/projected", "opt/bare",
                      "t5/tokens"),
    case_name);

TEST(Saver, TokenizerFilesAreCopiedByteForByte) {
  Scratch scratch;
  const auto source = fixtures() / "bert/classifier";
  save_model(*load_model(source), scratch / "out");
  for (const char* name : {"tokenizer.json", "tokenizer_config.json"})
    EXPECT_EQ(read_file(scratch / "out" / name), read_file(source / name));
  save_model(*load_model(scratch / "out"), scratch / "out");  // over itself
  EXPECT_EQ(read_file(scratch / "out" / "tokenizer.json"), read_file(source / "tokenizer.json"));
}

TEST(Saver, WhateverATokenizerIsMadeOfIsCopied) {
  Scratch scratch;
  std::vector<std::string> names{"generation_config.json", "additional_chat_templates/rag.jinja",
                                 "1_Pooling/config.json"};
  for (const VocabularyFile& file : kVocabularyFiles) names.emplace_back(file.name);
  for (const char* name : kTokenizerCompanions) names.emplace_back(name);
  for (const std::string& name : names) put(scratch / "from" / name, name);
  std::filesystem::create_directories(scratch / "to");
  copy_companions(scratch / "from", scratch / "to");
  for (const std::string& name : names) EXPECT_EQ(read_file(scratch / "to" / name), name);
}

// A saved folder keeps the modules after the transformer and their weights.
TEST(Saver, ASentenceTransformersFolderStaysOne) {
  Scratch scratch;
  const auto from = fixtures() / "sentences/dense-norm";
  std::filesystem::copy(from, scratch / "m", std::filesystem::copy_options::recursive);
  for (const char* file : {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"})
    std::filesystem::copy(fixtures() / "bert/masked" / file, scratch / "m" / file);
  save_model(*load_model(scratch / "m"), scratch / "out");
  for (const char* file :
       {"modules.json", "config_sentence_transformers.json", "sentence_bert_config.json", "1_Pooling/config.json",
        "3_Dense/config.json", "3_Dense/model.safetensors", "4_LayerNorm/model.safetensors"})
    EXPECT_TRUE(std::filesystem::exists(scratch / "out" / file)) << file;
}

TEST(Saver, TheConfigurationNamesTheTypeThatWasWritten) {
  Scratch scratch;
  save_model(*load_model(fixtures() / "llama/causal", {.dtype = WeightType::kBF16}), scratch / "out");
  EXPECT_EQ(read_json(scratch / "out" / "config.json")["dtype"], "bfloat16");
  for (const auto& [name, bytes] : tensors(scratch / "out"))
    EXPECT_THAT(bytes, ::testing::StartsWith(name.find("norm") == name.npos ? "BF16" : "F32")) << name;
}

TEST(Saver, BlocksAreNoFolder) {
  Scratch scratch;
  const auto path = cached_model("SmolLM2-135M-Instruct.gguf");
  LINNET_NEEDS(path);
  const auto model = load_model(path);
  try {
    save_model(*model, scratch / "out");
    FAIL() << "quantised weights were written";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("give dtype"));
  }
  EXPECT_FALSE(std::filesystem::exists(scratch / "out" / "model.safetensors"));
}

}  // namespace
}  // namespace linnet::models
