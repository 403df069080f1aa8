#include "linnet/adapt/loaded.h"

#include <gmock/gmock.h>

#include "linnet/base/file.h"
#include "tests/adapt/adapted.h"
#include "tests/scratch.h"
#include "tests/tiny_gguf.h"

namespace linnet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Loaded, AModelHasItsTokenizer) {
  const Loaded loaded = load_pretrained(fixtures() / "llama/causal");
  EXPECT_THAT(loaded.tokenizer().encode_ids("w5 w6"), ElementsAre(1, 5, 6));
  EXPECT_EQ(loaded.model->place(), fixtures() / "llama/causal");
  EXPECT_EQ(loaded.adapter, nullptr);
  EXPECT_EQ(loaded.chat_template(), nullptr);
}

TEST(Loaded, ATokenizerForALargerVocabularyIsRefused) {
  Scratch scratch;
  std::filesystem::copy(fixtures() / "llama/causal", scratch / "m");
  Json json = read_json(scratch / "m" / "tokenizer.json");
  json["model"]["vocab"]["w99"] = 99;
  std::filesystem::remove(scratch / "m" / "tokenizer.json");
  write_file(scratch / "m" / "tokenizer.json", dump_json(json));
  EXPECT_THAT(refusal([&] { load_pretrained(scratch / "m"); }),
              HasSubstr("ids up to 99, the model's vocabulary ends at 66"));
}

TEST(Loaded, AModelWithoutATokenizerIsRefusedUnlessItIsOptional) {
  Scratch scratch;
  std::filesystem::copy(fixtures() / "llama/causal", scratch / "m");
  std::filesystem::remove(scratch / "m" / "tokenizer.json");
  const PretrainedFiles files = pretrained_files(scratch / "m");
  EXPECT_THAT(refusal([&] { load_pretrained(files); }), HasSubstr("no tokenizer there"));
  const Loaded loaded = load_pretrained(files, {}, WithTokenizer::kIfThere);
  EXPECT_FALSE(loaded.tokenizer_if_there);
  EXPECT_THAT(refusal([&] { loaded.tokenizer(); }), HasSubstr("has no tokenizer"));
}

TEST(Loaded, GenerationDefaultsFallBackToTheModelsEndTokens) {
  Scratch scratch;
  std::filesystem::copy(fixtures() / "llama/causal", scratch / "m");
  const Loaded plain = load_pretrained(scratch / "m");
  EXPECT_EQ(plain.generation().eos_ids, plain.model->config().eos_ids);
  EXPECT_FALSE(plain.generation().eos_ids.empty());
  put_tiny_gguf(scratch / "m.gguf", "llama/causal");
  EXPECT_THAT(load_pretrained(scratch / "m.gguf").generation().eos_ids, ElementsAre(2));
  put(scratch / "m" / "generation_config.json", R"({"eos_token_id": [7], "top_k": 5})");
  const Loaded own = load_pretrained(scratch / "m");
  EXPECT_THAT(own.generation().eos_ids, ElementsAre(7));
  EXPECT_EQ(own.generation().top_k, 5);
}

// A damaged file is an error only for those who use it.
TEST(Loaded, GenerationDefaultsAndChatTemplateAreReadAtFirstUse) {
  Scratch scratch;
  std::filesystem::copy(fixtures() / "llama/causal", scratch / "m");
  put(scratch / "m" / "generation_config.json", "{");
  put(scratch / "m" / "chat_template.jinja", "{% if %}");
  const Loaded broken = load_pretrained(scratch / "m");
  EXPECT_THAT(refusal([&] { broken.generation(); }), HasSubstr("generation_config.json"));
  EXPECT_THAT(refusal([&] { broken.chat_template(); }), HasSubstr("chat_template.jinja"));
  put(scratch / "m" / "generation_config.json", "{}");
  put(scratch / "m" / "chat_template.jinja", "{{ messages[0].content }}");
  const Loaded loaded = load_pretrained(scratch / "m");
  const ChatTemplate* const chat = loaded.chat_template();
  ASSERT_NE(chat, nullptr);
  EXPECT_EQ(loaded.chat_template(), chat);
  EXPECT_EQ(chat->render(Json::parse(R"([{"role": "user", "content": "w5"}])")), "w5");
}

TEST(Loaded, TheTokenizerOfAnAdapterGoesBeforeThatOfItsBase) {
  Scratch scratch;
  std::filesystem::copy(adapter_fixture("llama-lora"), scratch / "a");
  const PretrainedFiles files = pretrained_files(scratch / "a", fixtures() / "llama/causal");
  EXPECT_EQ(files.place(), scratch / "a");
  EXPECT_FALSE(load_pretrained(files).tokenizer().token_to_id("w98"));
  Json json = read_json(fixtures() / "llama/causal" / "tokenizer.json");
  json["model"]["vocab"]["w98"] = 65;
  write_file(scratch / "a" / "tokenizer.json", dump_json(json));
  const Loaded loaded = load_pretrained(files);
  EXPECT_EQ(loaded.tokenizer().token_to_id("w98"), 65);
  EXPECT_NE(loaded.adapter, nullptr);
}

TEST(Loaded, TheConfigurationOfAnAdapterHasItsHead) {
  const PretrainedFiles files = pretrained_files(adapter_fixture("bert-classifier-lora"));
  const nn::TransformerConfig config = files.config();
  EXPECT_EQ(config.head, nn::HeadKind::kSequenceClass);
  EXPECT_EQ(config.labels, load_pretrained(files).model->config().labels);
}

}  // namespace
}  // namespace linnet
