#include "linnet/tokenizer/gguf_export.h"

#include <gtest/gtest.h>

#include "linnet/base/file.h"
#include "linnet/base/utf8.h"
#include "linnet/tokenizer/gguf_kinds.h"
#include "linnet/tokenizer/normalizer.h"
#include "linnet/tokenizer/tokenizer.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

// A byte-level vocabulary: a token a byte, some merges, an end token.
Json byte_level(const Json& pretokenizer) {
  Json vocabulary = Json::object(), merges = Json::array();
  int id = 0;
  for (int byte = 0; byte < 256; ++byte) {
    std::string text;
    utf8::append(text, byte_to_code(static_cast<unsigned char>(byte)));
    vocabulary[text] = id++;
  }
  const std::pair<const char*, const char*> joined[] = {{"3", "3"}, {"33", "3"}, {"h", "e"}, {"l", "l"},
                                                        {"Ġ", "x"}, {"'", "s"},  {"Ġ", "Ġ"}};
  for (const auto& [left, right] : joined) {
    vocabulary[std::string(left) + right] = id++;
    merges.push_back({left, right});
  }
  return {{"version", "1.0"},
          {"added_tokens",
           {{{"id", id}, {"content", "<end>"}, {"special", true}},
            {{"id", id + 1}, {"content", "<own>"}, {"special", false}, {"normalized", false}}}},
          {"normalizer", nullptr},
          {"pre_tokenizer", pretokenizer},
          {"post_processor", nullptr},
          {"decoder", {{"type", "ByteLevel"}}},
          {"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", merges}}}};
}

const Json kGpt2{{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", true}};
const Json kSmol{{"type", "Sequence"}, {"pretokenizers", {{{"type", "Digits"}, {"individual_digits", true}}, kGpt2}}};

struct Folder {
  explicit Folder(const Json& json) {
    put(scratch / "tokenizer.json", dump_json(json));
    put(scratch / "tokenizer_config.json",
        R"({"eos_token": "<end>", "model_max_length": 64, "chat_template": "{{ messages }}"})");
  }
  GgufVocabulary exported(std::int64_t rows = 270) const { return export_gguf_vocabulary(scratch.path(), rows); }
  Scratch scratch;
};

TEST(GgufExport, FindsTheKindThatCutsTextsTheSame) {
  EXPECT_EQ(Folder(byte_level(kGpt2)).exported().pre, "gpt-2");
  EXPECT_EQ(Folder(byte_level(kSmol)).exported().pre, "smollm");
  for (const GgufPreKind& kind : gguf_pre_kinds()) {
    Json json = byte_level(gguf_pretokenizer(kind, false));
    json["model"]["ignore_merges"] = kind.ignore_merges;
    const GgufVocabulary v = Folder(json).exported();
    EXPECT_EQ(v.pre, kind.names.front());
    EXPECT_EQ(v.add_space_prefix, false);
  }
}

TEST(GgufExport, KeepsTokensTypesAndTemplate) {
  const GgufVocabulary v = Folder(byte_level(kGpt2)).exported();
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

TEST(GgufExport, RefusesWhatNoKindSays) {
  Json words = byte_level(kGpt2);
  words["model"] = {{"type", "WordLevel"}, {"unk_token", "a"}, {"vocab", {{"a", 0}}}};
  EXPECT_NE(refusal([&] { Folder(words).exported(); }).find("WordLevel"), std::string::npos);

  Json other = byte_level({{"type", "Sequence"},
                           {"pretokenizers",
                            {{{"type", "FixedLength"}, {"length", 3}},
                             {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}}}}});
  EXPECT_NE(refusal([&] { Folder(other).exported(); }).find("tokenizer.ggml.pre"), std::string::npos);

  Json lower = byte_level(kGpt2);
  lower["normalizer"] = {{"type", "Lowercase"}};
  EXPECT_NE(refusal([&] { Folder(lower).exported(); }).find("normalizer"), std::string::npos);

  EXPECT_NE(refusal([&] { Folder(byte_level(kGpt2)).exported(100); }).find("vocabulary ends at 99"), std::string::npos);
}

TEST(TokenizerJsonWriter, GivesBackWhatWasExported) {
  for (const Json& pretokenizer : {kGpt2, kSmol}) {
    const Folder folder(byte_level(pretokenizer));
    const GgufVocabulary v = folder.exported();
    Scratch scratch;
    put(scratch / "tokenizer.json", tokenizer_json(v, "v.gguf"));
    put(scratch / "tokenizer_config.json", tokenizer_config_json(v, 64));
    const Tokenizer before = Tokenizer::from_pretrained(folder.scratch.path()),
                    after = Tokenizer::from_pretrained(scratch.path());
    for (const char* text : {"he said 3333 33 3", "hell's <end> bells<own>", "  x   x", "ünï", ""}) {
      EXPECT_EQ(after.encode_ids(text), before.encode_ids(text)) << text;
      EXPECT_EQ(after.decode(before.encode_ids(text)), before.decode(before.encode_ids(text))) << text;
    }
    EXPECT_EQ(after.encode_ids(tokenizer_probe()), before.encode_ids(tokenizer_probe()));
    EXPECT_EQ(after.eos_id(), before.eos_id());
    EXPECT_EQ(after.model_max_length(), 64);
    EXPECT_EQ(after.chat_template(), before.chat_template());
  }
}

TEST(TokenizerJsonWriter, WritesTheStartTokenTheFileAsksFor) {
  GgufVocabulary v = Folder(byte_level(kGpt2)).exported();
  v.bos = v.eos;
  v.add_bos = true;
  const Tokenizer there = Tokenizer::from_gguf(v, "v.gguf"),
                  here = Tokenizer::from_json(tokenizer_json(v, "v.gguf"), "j");
  EXPECT_EQ(here.encode_ids("he").front(), 263);
  EXPECT_EQ(here.encode_ids("he"), there.encode_ids("he"));
  EXPECT_EQ(here.encode("he", "x").ids, there.encode("he", "x").ids);
  EXPECT_EQ(here.encode("he", "x").type_ids, there.encode("he", "x").type_ids);
}

TEST(TokenizerJsonWriter, RefusesWhatAFolderCannotSay) {
  GgufVocabulary v = Folder(byte_level(kGpt2)).exported();
  v.tokens[5] = "\xff";
  EXPECT_NE(refusal([&] { tokenizer_json(v, "v.gguf"); }).find("UTF-8"), std::string::npos);
}

}  // namespace
}  // namespace linnet
