#include <gtest/gtest.h>

#include "linnet/tokenizer/tokenizer.h"
#include "tests/tokenizer/byte_level_folder.h"

namespace linnet {
namespace {

TEST(TokenizerJsonWriter, GivesBackWhatWasExported) {
  for (const Json& pretokenizer : {kGpt2, kSmol}) {
    const ByteLevelFolder folder(byte_level(pretokenizer));
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
  GgufVocabulary v = ByteLevelFolder(byte_level(kGpt2)).exported();
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
  GgufVocabulary v = ByteLevelFolder(byte_level(kGpt2)).exported();
  v.tokens[5] = "\xff";
  EXPECT_NE(refusal([&] { tokenizer_json(v, "v.gguf"); }).find("UTF-8"), std::string::npos);
}

}  // namespace
}  // namespace linnet
