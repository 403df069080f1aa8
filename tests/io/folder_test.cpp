#include "linnet/io/folder.h"

#include <gmock/gmock.h>

#include "tests/scratch.h"

namespace linnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Folder, GenerationKeysComeFromTheirOwnFile) {
  Scratch folder;
  put(folder / "config.json", R"({"model_type":"llama","eos_token_id":1})");
  put(folder / "generation_config.json",
      R"({"eos_token_id":[2,3],"pad_token_id":-1,"temperature":1,"top_k":50,"do_sample":true,"early_stopping":"never",)"
      R"("bad_words_ids":[[4],[5,6]],"stop_strings":"END","max_length":null,"transformers_version":"5"})");
  const ModelFolder read = read_model_folder(folder.path());
  EXPECT_TRUE(read.has_generation_file);
  EXPECT_EQ(read.config["model_type"], "llama");
  const GenerationConfig& g = read.generation;
  EXPECT_THAT(g.eos_ids, ElementsAre(2, 3));
  EXPECT_FALSE(g.pad_id);
  EXPECT_EQ(g.temperature, 1.0);
  EXPECT_EQ(g.top_k, 50);
  EXPECT_EQ(g.do_sample, true);
  EXPECT_EQ(g.early_stopping, EarlyStopping::kNever);
  EXPECT_THAT(g.bad_words_ids, ElementsAre(ElementsAre(4), ElementsAre(5, 6)));
  EXPECT_THAT(g.stop_strings, ElementsAre("END"));
  EXPECT_FALSE(g.max_length);
}

TEST(Folder, OldFoldersKeepTheKeysInTheConfiguration) {
  Scratch folder;
  put(folder / "config.json", R"({"eos_token_id":7,"num_beams":4})");
  const ModelFolder read = read_model_folder(folder.path());
  EXPECT_FALSE(read.has_generation_file);
  EXPECT_THAT(read.generation.eos_ids, ElementsAre(7));
  EXPECT_EQ(read.generation.num_beams, 4);
}

TEST(Folder, RefusesWithTheKey) {
  const auto refused = [](const char* json) {
    return refusal([&] { parse_generation_config(parse_json(json, "g"), "g"); });
  };
  EXPECT_THAT(refused(R"({"eos_token_id":-2})"), HasSubstr("'eos_token_id' is -2"));
  EXPECT_THAT(refused(R"({"eos_token_id":["a"]})"), HasSubstr("eos_token_id"));
  EXPECT_THAT(refused(R"({"temperature":"hot"})"), HasSubstr("temperature"));
  EXPECT_THAT(refused(R"({"do_sample":1})"), HasSubstr("do_sample"));
  EXPECT_THAT(refused(R"({"early_stopping":"soon"})"), HasSubstr("early_stopping"));
}

TEST(Folder, RefusesAFolderWithoutConfiguration) {
  Scratch folder;
  EXPECT_THAT(refusal([&] { read_model_folder(folder.path()); }), HasSubstr("config.json"));
  put(folder / "config.json", "[]");
  EXPECT_THAT(refusal([&] { read_model_folder(folder.path()); }), HasSubstr("not a JSON object"));
}

}  // namespace
}  // namespace linnet
