#include <gmock/gmock.h>

#include "linnet/tokenizer/gguf/export.h"
#include "linnet/tokenizer/gguf/kinds.h"
#include "linnet/tokenizer/tokenizer.h"
#include "tests/tokenizer/byte_level_folder.h"

namespace linnet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(GgufExport, FindsTheKindThatCutsTextsTheSame) {
  EXPECT_EQ(ByteLevelFolder(byte_level(kGpt2)).exported().pre, "gpt-2");
  EXPECT_EQ(ByteLevelFolder(byte_level(kSmol)).exported().pre, "smollm");
  for (const GgufPreKind& kind : gguf_pre_kinds()) {
    Json json = byte_level(gguf_pretokenizer(kind, false));
    json["model"]["ignore_merges"] = kind.ignore_merges;
    const GgufVocabulary v = ByteLevelFolder(json).exported();
    EXPECT_EQ(v.pre, kind.names.front());
    EXPECT_EQ(v.add_space_prefix, false);
  }
}

TEST(GgufExport, KeepsTokensTypesAndTemplate) {
  const GgufVocabulary v = ByteLevelFolder(byte_level(kGpt2)).exported();
  EXPECT_EQ(v.model, "gpt2");
  ASSERT_EQ(v.tokens.size(), 270U);
  EXPECT_EQ(v.tokens[263], "<end>");
  EXPECT_EQ(v.tokens[269], "[PAD269]");  // the model's table is longer
  const auto type = [&](std::size_t i) { return static_cast<GgufTokenType>(v.token_types[i]); };
  EXPECT_EQ(type(10), GgufTokenType::kNormal);
  EXPECT_EQ(type(263), GgufTokenType::kControl);
  EXPECT_EQ(type(264), GgufTokenType::kUserDefined);
  EXPECT_EQ(type(269), GgufTokenType::kUnused);
  EXPECT_EQ(v.merges.front(), "3 3");
  EXPECT_EQ(v.eos, 263);
  EXPECT_EQ(v.add_bos, false);
  EXPECT_EQ(v.chat_template, "{{ messages }}");
}

// Hugging Face's and llama.cpp's word pieces differ in Hangul and in Indic vowels: a warning, not an error.
TEST(GgufExport, WordPiecesThatDifferInHangulAreWrittenWithAWarning) {
  Json json{
      {"added_tokens", {{{"id", 0}, {"content", "[UNK]"}, {"special", true}}}},
      {"normalizer", {{"type", "BertNormalizer"}}},
      {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
      {"model",
       {{"type", "WordPiece"}, {"unk_token", "[UNK]"}, {"vocab", {{"[UNK]", 0}, {"ᄀ", 1}, {"##ᅡ", 2}, {"a", 3}}}}}};
  const auto exported = [&] {
    testing::internal::CaptureStderr();
    const GgufVocabulary v = ByteLevelFolder(json).exported(4);
    return std::pair(v, testing::internal::GetCapturedStderr());
  };
  const auto [v, nothing] = exported();
  EXPECT_EQ(v.model, "bert");
  EXPECT_EQ(v.tokens, (std::vector<std::string>{"[UNK]", "▁ᄀ", "ᅡ", "▁a"}));
  EXPECT_THAT(nothing, Not(HasSubstr("llama.cpp")));  // no Korean word is in this vocabulary
  json["model"]["vocab"] = {{"[UNK]", 0}, {"ᄂ", 1}, {"##ᅡ", 2}, {"##ᄅ", 3}};
  EXPECT_THAT(exported().second, HasSubstr("tokenizer.json: llama.cpp drops the vowels of Hangul"));
  json["model"]["vocab"] = {{"[UNK]", 0}, {"क", 1}, {"##ा", 2}, {"a", 3}};
  EXPECT_THAT(exported().second, HasSubstr("of Indic scripts"));
}

// T5's tokenizer: written into a GGUF file, and from there into a folder again.
// Without a character map a tab is no space for llama.cpp, and here it splits words.
TEST(GgufExport, AUnigramThatCutsOtherwiseIsRefused) {
  const Json spaces{{"type", "Metaspace"}, {"replacement", "▁"}, {"prepend_scheme", "always"}};
  const Json end{{"SpecialToken", {{"id", "</s>"}, {"type_id", 0}}}}, text{{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
  Json json{{"added_tokens",
             {{{"id", 0}, {"content", "<pad>"}, {"special", true}},
              {{"id", 1}, {"content", "</s>"}, {"special", true}},
              {{"id", 2}, {"content", "<unk>"}, {"special", true}}}},
            {"normalizer", nullptr},
            {"pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", {{{"type", "WhitespaceSplit"}}, spaces}}}},
            {"post_processor",
             {{"type", "TemplateProcessing"},
              {"single", {text, end}},
              {"pair", {text, end, {{"Sequence", {{"id", "B"}, {"type_id", 0}}}}, end}},
              {"special_tokens", {{"</s>", {{"id", "</s>"}, {"ids", {1}}, {"tokens", {"</s>"}}}}}}}},
            {"decoder", spaces},
            {"model",
             {{"type", "Unigram"},
              {"unk_id", 2},
              {"vocab",
               Json::parse(R"([["<pad>", 0.0], ["</s>", 0.0], ["<unk>", 0.0], ["▁", -2.0], ["▁he", -3.0], ["he", -4.5],
                         ["l", -3.5]])")}}}};
  Scratch folder;
  put(folder / "tokenizer.json", dump_json(json));
  put(folder / "tokenizer_config.json", R"({"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"})");
  EXPECT_NE(refusal([&] { export_gguf_vocabulary(folder.path(), 8); }).find("other ids"), std::string::npos);
}

TEST(GgufExport, RefusesWhatNoKindSays) {
  Json words = byte_level(kGpt2);
  words["model"] = {{"type", "WordLevel"}, {"unk_token", "a"}, {"vocab", {{"a", 0}}}};
  EXPECT_NE(refusal([&] { ByteLevelFolder(words).exported(); }).find("WordLevel"), std::string::npos);

  Json other = byte_level({{"type", "Sequence"},
                           {"pretokenizers",
                            {{{"type", "FixedLength"}, {"length", 3}},
                             {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}}}}});
  EXPECT_NE(refusal([&] { ByteLevelFolder(other).exported(); }).find("tokenizer.ggml.pre"), std::string::npos);

  Json lower = byte_level(kGpt2);
  lower["normalizer"] = {{"type", "Lowercase"}};
  EXPECT_NE(refusal([&] { ByteLevelFolder(lower).exported(); }).find("normalizer"), std::string::npos);

  EXPECT_NE(refusal([&] { ByteLevelFolder(byte_level(kGpt2)).exported(100); }).find("vocabulary ends at 99"),
            std::string::npos);
}

}  // namespace
}  // namespace linnet
