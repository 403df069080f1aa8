#include <gmock/gmock.h>

#include "linnet/tokenizer/tokenizer.h"
#include "linnet/tokenizer/tokenizer_files.h"
#include "tests/tokenizer/reference.h"

namespace linnet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A folder with a small tokenizer.json and other files of a test.
class Folder {
 public:
  Folder() {
    Json json = tokenizer_reference()["models"]["wordpiece"][0]["json"];
    put(scratch_ / "tokenizer.json", dump_json(json));
  }
  void file(const char* name, const Json& json) { put(scratch_ / name, dump_json(json)); }
  Tokenizer load() const { return Tokenizer::from_pretrained(scratch_.path()); }
  Scratch& scratch() { return scratch_; }

 private:
  Scratch scratch_;
};

TEST(TokenizerFolder, TheConfigurationNamesTheSpecialTokens) {
  Folder f;
  f.file("tokenizer_config.json", {{"cls_token", "[CLS]"},
                                   {"sep_token", {{"content", "[SEP]"}, {"lstrip", false}}},
                                   {"unk_token", "[UNK]"},
                                   {"pad_token", "[GONE]"},
                                   {"mask_token", nullptr},
                                   {"padding_side", "left"},
                                   {"truncation_side", "left"},
                                   {"model_max_length", 512},
                                   {"clean_up_tokenization_spaces", true}});
  const Tokenizer t = f.load();
  EXPECT_EQ(t.cls_id(), 22);
  EXPECT_EQ(t.sep_id(), 23);
  EXPECT_EQ(t.unk_id(), 0);
  EXPECT_EQ(t.pad_id(), std::nullopt);  // not in the vocabulary: skipped with a warning
  EXPECT_EQ(t.mask_id(), std::nullopt);
  EXPECT_EQ(t.padding_side(), Side::kLeft);
  EXPECT_EQ(t.truncation_side(), Side::kLeft);
  EXPECT_EQ(t.model_max_length(), 512);
  EXPECT_TRUE(t.clean_up_tokenization_spaces());
  EXPECT_TRUE(t.is_special(22));
}

TEST(TokenizerFolder, BlanksAreCleanedUpAsTransformersDoesUnlessToldOtherwise) {
  Folder f;
  f.file("tokenizer.json", {{"model", {{"type", "WordLevel"}, {"vocab", {{"so", 0}, {"?", 1}}}, {"unk_token", "so"}}},
                            {"pre_tokenizer", {{"type", "WhitespaceSplit"}}}});
  f.file("tokenizer_config.json", {{"clean_up_tokenization_spaces", true}});
  const Tokenizer t = f.load();
  const std::vector<std::int32_t> ids{0, 1};
  EXPECT_EQ(t.decode(ids), "so?");
  EXPECT_EQ(t.decode(ids, true, DecodedSpaces::kAsTheyAre), "so ?");
}

TEST(TokenizerFolder, AbsentOrBoundlessLengthsAreNone) {
  Folder f;
  EXPECT_EQ(f.load().model_max_length(), std::nullopt);
  f.file("tokenizer_config.json", {{"model_max_length", 1e30}});
  EXPECT_EQ(f.load().model_max_length(), std::nullopt);
}

TEST(TokenizerFolder, TokensMayBeAddedBesideTheFile) {
  Folder f;
  f.file("tokenizer_config.json",
         {{"added_tokens_decoder",
           {{"50", {{"content", "<new>"}, {"special", true}}}, {"1", {{"content", "hello"}, {"special", false}}}}}});
  const Tokenizer t = f.load();
  EXPECT_THAT(t.encode_ids("<new>hello"), ElementsAre(50, 1));
  EXPECT_TRUE(t.is_special(50));
  f.file("tokenizer_config.json", {{"added_tokens_decoder", {{"x", {{"content", "<new>"}}}}}});
  EXPECT_THAT(refusal([&] { f.load(); }), HasSubstr("added_tokens_decoder: entry 'x'"));
}

TEST(TokenizerFolder, OldMapsAreStillRead) {
  Folder f;
  f.file("special_tokens_map.json", {{"cls_token", "[CLS]"}, {"sep_token", "[SEP]"}});
  f.file("tokenizer_config.json", {{"sep_token", "[UNK]"}});  // takes precedence over the map
  EXPECT_EQ(f.load().cls_id(), 22);
  EXPECT_EQ(f.load().sep_id(), 0);
}

TEST(TokenizerFolder, ChatTemplatesHaveNamesAndPlaces) {
  Folder f;
  EXPECT_EQ(f.load().chat_template(), std::nullopt);
  f.file("tokenizer_config.json",
         {{"chat_template", {{{"name", "default"}, {"template", "D"}}, {{"name", "tools"}, {"template", "T"}}}}});
  EXPECT_EQ(f.load().chat_template(), "D");
  EXPECT_EQ(f.load().chat_template("tools"), "T");
  EXPECT_EQ(f.load().chat_template("rag"), std::nullopt);
  EXPECT_THAT(f.load().chat_template_place(), HasSubstr("tokenizer_config.json"));
  put(f.scratch() / "chat_template.jinja", "J");  // a separate file takes precedence
  put(f.scratch() / "additional_chat_templates" / "rag.jinja", "R");
  EXPECT_EQ(f.load().chat_template(), "J");
  EXPECT_EQ(f.load().chat_template("rag"), "R");
  EXPECT_THAT(f.load().chat_template_place(), HasSubstr("chat_template.jinja"));
  f.file("tokenizer_config.json", {{"chat_template", {{{"name", "x"}}}}});
  EXPECT_THAT(refusal([&] { f.load(); }), HasSubstr("an entry lacks 'name' or 'template'"));
}

TEST(TokenizerFolder, AnyVocabularyFileMakesATokenizer) {
  for (const VocabularyFile& file : kVocabularyFiles) {
    Scratch scratch;
    EXPECT_FALSE(has_tokenizer(scratch.path()));
    put(scratch / file.name, "damaged");
    if (file.format == VocabularyFormat::kVocabAndMerges) {
      EXPECT_FALSE(has_tokenizer(scratch.path()));
      EXPECT_THAT(refusal([&] { Tokenizer::from_pretrained(scratch.path()); }), HasSubstr("no tokenizer there"));
      put(scratch / kMergesFile, "");
    }
    EXPECT_TRUE(has_tokenizer(scratch.path())) << file.name;
    if (file.format == VocabularyFormat::kVocabText) continue;  // any text is one
    EXPECT_THAT(refusal([&] { Tokenizer::from_pretrained(scratch.path()); }), HasSubstr(file.name));
  }
}

TEST(TokenizerFolder, WithoutATokenizerItSaysWhatIsLookedFor) {
  Scratch scratch;
  EXPECT_THAT(refusal([&] { Tokenizer::from_pretrained(scratch.path()); }),
              HasSubstr("no tokenizer there; it needs one of tokenizer.json, tokenizer.model"));
  put(scratch / "tokenizer.json", "{}");
  put(scratch / "tokenizer_config.json", "[1]");
  refusal([&] { Tokenizer::from_pretrained(scratch.path()); });
}

TEST(TokenizerFolder, ASentencePieceModelIsFramedByTheConfiguration) {
  Scratch scratch;
  std::filesystem::copy(LINNET_SOURCE_DIR "/tests/fixtures/trained/sp-bpe/tokenizer.model",
                        scratch / "tokenizer.model");
  const auto ids = [&](const Json& config) {
    put(scratch / "tokenizer_config.json", dump_json(config));
    return Tokenizer::from_pretrained(scratch.path()).encode_ids("Once");
  };
  const auto bare = ids(Json::object());
  EXPECT_EQ(ids({{"tokenizer_class", "LlamaTokenizer"}}).front(), 1);
  EXPECT_EQ(ids({{"tokenizer_class", "LlamaTokenizer"}}).size(), bare.size() + 1);
  EXPECT_EQ(ids({{"tokenizer_class", "T5Tokenizer"}}).back(), 2);
  EXPECT_EQ(ids({{"add_bos_token", true}, {"add_eos_token", true}}).size(), bare.size() + 2);
  EXPECT_EQ(ids({{"tokenizer_class", "LlamaTokenizer"}, {"add_bos_token", false}}), bare);
}

// OPT's folders: GPT-2's class and files, with </s> before a text and nothing after it.
TEST(Pretrained, TheConfigurationFramesGpt2sFiles) {
  const Scratch folder;
  put(folder / "vocab.json", R"({"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "h": 4, "e": 5, "he": 6})");
  put(folder / "merges.txt", "#version: 0.2\nh e\n");
  const auto ids = [&](const char* config) {
    put(folder / "tokenizer_config.json", config);
    return Tokenizer::from_pretrained(folder.path()).encode_ids("heh");
  };
  using Ids = std::vector<std::int32_t>;
  EXPECT_EQ(
      ids(R"({"tokenizer_class": "GPT2Tokenizer", "add_bos_token": true, "bos_token": "</s>", "eos_token": "</s>"})"),
      (Ids{2, 6, 4}));
  const Encoding pair = Tokenizer::from_pretrained(folder.path()).encode("he", "h");
  EXPECT_EQ(pair.ids, (Ids{2, 6, 2, 4}));  // as update_post_processor of Transformers
  EXPECT_EQ(pair.type_ids, (Ids{0, 0, 1, 1}));
  EXPECT_EQ(ids(R"({"tokenizer_class": "GPT2Tokenizer", "bos_token": "</s>"})"), (Ids{6, 4}));
  EXPECT_EQ(ids(R"({"tokenizer_class": "RobertaTokenizer"})"), (Ids{0, 6, 4, 2}));
}

}  // namespace
}  // namespace linnet
