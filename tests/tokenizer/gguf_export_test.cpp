#include <gmock/gmock.h>

#include "linnet/tokenizer/gguf/export.h"
#include "linnet/tokenizer/gguf/kinds.h"
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
