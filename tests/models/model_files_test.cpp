#include "linnet/models/model_files.h"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "linnet/base/file.h"
#include "linnet/io/gguf.h"
#include "linnet/models/loader.h"
#include "tests/io/gguf_builder.h"
#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet::models {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ModelFiles, OfAFolder) {
  const ModelFiles files(fixtures() / "llama/causal");
  EXPECT_EQ(files.place(), fixtures() / "llama/causal");
  EXPECT_EQ(files.transformer(), files.place());
  EXPECT_EQ(files.family().model_type, "llama");
  EXPECT_EQ(files.config().vocab, load_model(files)->config().vocab);
  EXPECT_EQ(files.generation().eos_ids, files.config().eos_ids);
  EXPECT_TRUE(files.checkpoint().has("model.norm.weight"));
  EXPECT_THAT(load_tokenizer(files).encode_ids("w5 w6"), ElementsAre(1, 5, 6));
}

TEST(ModelFiles, AreReadOnceAndCopiesShareThem) {
  Scratch scratch;
  std::filesystem::copy(fixtures() / "llama/causal", scratch / "m");
  const ModelFiles files(scratch / "m"), copy = files;
  const Json* const config = &files.config_json();
  const CheckpointReader* const weights = &files.checkpoint();
  for (const char* name : {"config.json", "model.safetensors"}) std::filesystem::remove(scratch / "m" / name);
  EXPECT_EQ(&copy.config_json(), config);
  EXPECT_EQ(&copy.checkpoint(), weights);
  EXPECT_EQ(copy.config().vocab, 67);
}

TEST(ModelFiles, AnAbsentFileIsAnErrorAtItsUse) {
  const Scratch scratch;
  const ModelFiles files(scratch.path());
  EXPECT_TRUE(files.modules_json().is_null());
  EXPECT_FALSE(has_tokenizer(files));
  for (int again = 0; again < 2; ++again) EXPECT_THAT(refusal([&] { files.config(); }), HasSubstr("config.json"));
  EXPECT_THAT(refusal([&] { ModelFiles(scratch / "x.gguf").family(); }), HasSubstr("x.gguf"));
}

TEST(ModelFiles, ATokenizerNeedsNoWeights) {
  Scratch scratch;
  std::filesystem::create_directories(scratch / "m");
  std::filesystem::copy(fixtures() / "bert/masked" / "tokenizer.json", scratch / "m" / "tokenizer.json");
  EXPECT_GT(load_tokenizer(scratch / "m").vocab_size(), 0);
  EXPECT_GT(load_tokenizer(scratch / "m" / "tokenizer.json").vocab_size(), 0);
}

std::string texts(const std::vector<std::string>& values) {
  std::string bytes = raw(std::uint32_t{8}) + raw<std::uint64_t>(values.size());
  for (const std::string& v : values) bytes += gguf_text(v);
  return bytes;
}

TEST(GgufVocabulary, EveryKeyIsRead) {
  GgufBuilder file;
  const auto id = [&](const char* key, std::uint32_t value) {
    file.entry(std::string("tokenizer.ggml.") + key, 4, raw(value));
  };
  file.entry("tokenizer.ggml.model", 8, gguf_text("gpt2"));
  file.entry("tokenizer.ggml.pre", 8, gguf_text("smollm"));
  file.entry("tokenizer.ggml.tokens", 9, texts({"a", "b", "ab"}));
  file.entry("tokenizer.ggml.merges", 9, texts({"a b"}));
  file.entry("tokenizer.ggml.token_type", 9, raw(std::uint32_t{5}) + raw<std::uint64_t>(3) + raw(1) + raw(3) + raw(1));
  file.entry("tokenizer.ggml.scores", 9,
             raw(std::uint32_t{6}) + raw<std::uint64_t>(3) + raw(0.5F) + raw(-1.0F) + raw(0.0F));
  file.entry("tokenizer.chat_template", 8, gguf_text("{{ x }}"));
  file.entry("tokenizer.ggml.add_bos_token", 7, std::string(1, '\1'));
  file.entry("tokenizer.ggml.add_eos_token", 7, std::string(1, '\0'));
  id("bos_token_id", 1), id("eos_token_id", 2), id("eot_token_id", 0), id("unknown_token_id", 0),
      id("padding_token_id", 2);
  id("seperator_token_id", 1);  // the key's actual spelling
  const std::string bytes = file.build();
  const auto parsed = GgufFile::parse(as_bytes(bytes), "v.gguf");
  const linnet::GgufVocabulary v = gguf_vocabulary(*parsed);
  EXPECT_EQ(v.model, "gpt2");
  EXPECT_EQ(v.pre, "smollm");
  EXPECT_THAT(v.tokens, ElementsAre("a", "b", "ab"));
  EXPECT_THAT(v.merges, ElementsAre("a b"));
  EXPECT_THAT(v.token_types, ElementsAre(1, 3, 1));
  EXPECT_THAT(v.scores, ElementsAre(0.5F, -1.0F, 0.0F));
  EXPECT_EQ(v.chat_template, "{{ x }}");
  EXPECT_EQ(v.bos, 1);
  EXPECT_EQ(v.eos, 2);
  EXPECT_EQ(v.eot, 0);
  EXPECT_EQ(v.pad, 2);
  EXPECT_EQ(v.sep, 1);
  EXPECT_EQ(v.add_bos, true);
  EXPECT_EQ(v.add_eos, false);
  EXPECT_EQ(v.add_sep, std::nullopt);
  EXPECT_EQ(v.mask, std::nullopt);
}

// tools/fixtures/vocabularies.py: llama.cpp's ids for vocabularies of our own.
TEST(GgufVocabulary, IdsOfTrainedVocabulariesAreLlamaCpps) {
  const Json texts = read_json(fixtures() / "trained/texts.json");
  for (const char* name : {"bert", "gpt-2", "llama-spm"}) {
    const auto file = fixtures() / "vocabularies" / (std::string(name) + ".gguf");
    const Tokenizer tokenizer = load_tokenizer(file);
    std::ifstream ids(std::filesystem::path(file).replace_extension(".jsonl"));
    for (const Json& text : texts) {
      std::string line;
      ASSERT_TRUE(std::getline(ids, line));
      // llama.cpp begins a new word piece at a '▁' within a word; Transformers does not.
      if (name == std::string("bert") && text.get<std::string>().find("▁") != std::string::npos) continue;
      const EncodeOptions bare{.add_special_tokens = false, .special_text = SpecialText::kPlain};
      EXPECT_EQ(tokenizer.encode_ids(text.get<std::string>(), bare),
                parse_json(line, name).get<std::vector<std::int32_t>>())
          << name << ": " << dump_json(text);
    }
  }
}

// llama.cpp's own test strings and ids for three kinds of vocabulary.
TEST(GgufVocabulary, IdsAreLlamaCpps) {
  for (const char* name : {"bert-bge", "gpt-2", "llama-spm"}) {
    const auto file = shared_data(fmt::format("llama-cpp-vocab/ggml-vocab-{}.gguf", name));
    LINNET_NEEDS(file);
    const Tokenizer tokenizer = load_tokenizer(file);
    const std::string inputs = read_file(file.string() + ".inp"), mark = "\n__ggml_vocab_test__\n";
    std::ifstream outputs(file.string() + ".out");
    std::size_t at = 0;
    for (std::string line; std::getline(outputs, line);
         at = std::min(inputs.size(), inputs.find(mark, at)) + mark.size()) {
      ASSERT_LT(at, inputs.size());
      const std::string text = inputs.substr(at, inputs.find(mark, at) - at);
      std::istringstream numbers(line);
      std::vector<std::int32_t> wanted;
      for (std::int32_t id = 0; numbers >> id;) wanted.push_back(id);
      EXPECT_EQ(tokenizer.encode_ids(text, {.add_special_tokens = false}), wanted) << name << ": " << dump_json(text);
    }
  }
}

TEST(GgufVocabulary, AFileWithoutOneIsRefused) {
  GgufBuilder file;
  file.entry("general.architecture", 8, gguf_text("llama"));
  const std::string bytes = file.build();
  const auto parsed = GgufFile::parse(as_bytes(bytes), "v.gguf");
  EXPECT_THAT(refusal([&] { gguf_vocabulary(*parsed); }), HasSubstr("v.gguf: has no vocabulary"));
}

}  // namespace
}  // namespace linnet::models
