#include "linnet/io/folder.h"

#include <gmock/gmock.h>

#include <cmath>

#include "tests/growth.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

GenerationConfig generation_of(const std::filesystem::path& folder) {
  return read_generation_config(folder, read_config_file(folder / "config.json"));
}

TEST(Folder, GenerationKeysComeFromTheirOwnFile) {
  Scratch folder;
  put(folder / "config.json", R"({"model_type":"llama","eos_token_id":1})");
  put(folder / "generation_config.json",
      R"({"eos_token_id":[2,3],"pad_token_id":-1,"temperature":1,"top_k":50,"do_sample":true,"early_stopping":"never",)"
      R"("bad_words_ids":[[4],[5,6]],"stop_strings":"END","max_length":null,"transformers_version":"5"})");
  const GenerationConfig g = generation_of(folder.path());
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
  const GenerationConfig g = generation_of(folder.path());
  EXPECT_THAT(g.eos_ids, ElementsAre(7));
  EXPECT_EQ(g.num_beams, 4);
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
  EXPECT_THAT(refusal([&] { generation_of(folder.path()); }), HasSubstr("config.json"));
  put(folder / "config.json", "[]");
  EXPECT_THAT(refusal([&] { generation_of(folder.path()); }), HasSubstr("not a JSON object"));
}

// Infinity and NaN in Python's notation are read; a field that requires a finite number is named.
TEST(Folder, PythonsNumbersAreRead) {
  Scratch folder;
  put(folder / "config.json",
      R"({"time_step_limit":[0.0,Infinity],"a":-Infinity,"b":NaN,"text":"NaN, \"Infinity\"","nested":{"x":[NaN]}})");
  const Json read = read_config_file(folder / "config.json");
  EXPECT_TRUE(std::isinf(read["time_step_limit"][1].get<double>()));
  EXPECT_LT(read["a"].get<double>(), 0);
  EXPECT_TRUE(std::isnan(read["b"].get<double>()));
  EXPECT_TRUE(std::isnan(read["nested"]["x"][0].get<double>()));
  EXPECT_EQ(read["text"], "NaN, \"Infinity\"");
  put(folder / "generation_config.json", R"({"temperature":Infinity})");
  EXPECT_THAT(refusal([&] { generation_of(folder.path()); }), HasSubstr("'temperature'"));
  put(folder / "generation_config.json", R"({"top_k":Infinite})");
  EXPECT_THAT(refusal([&] { generation_of(folder.path()); }), HasSubstr("generation_config.json"));
}

// An unreadable companion is not absent.
TEST(Folder, AnUnreadableGenerationFileIsAnError) {
  Scratch folder;
  put(folder / "config.json", "{}");
  const auto file = folder / "generation_config.json";
  std::filesystem::create_symlink("nowhere", file);
  EXPECT_THAT(refusal([&] { generation_of(folder.path()); }),
              HasSubstr("generation_config.json: is a link to nothing"));
  std::filesystem::remove(file);
  std::filesystem::create_directory(file);
  EXPECT_THAT(refusal([&] { generation_of(folder.path()); }), HasSubstr("generation_config.json: is not a file"));
}

// Impossible generation values, and values that are not implemented.
TEST(Folder, GenerationValuesHaveARange) {
  const auto refused = [](const char* json) {
    return refusal([&] { parse_generation_config(parse_json(json, "g"), "g"); });
  };
  EXPECT_THAT(refused(R"({"top_p":1.5})"), HasSubstr("'top_p' is 1.5, must be 0 to 1"));
  EXPECT_THAT(refused(R"({"typical_p":-0.5})"), HasSubstr("typical_p"));
  EXPECT_THAT(refused(R"({"max_length":-1})"), HasSubstr("max_length"));
  testing::internal::CaptureStderr();
  parse_generation_config(parse_json(R"({"guidance_scale":1.5,"penalty_alpha":0,"sequence_bias":null})", "g"), "g");
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, HasSubstr("guidance_scale is 1.5"));
  EXPECT_THAT(said, testing::Not(HasSubstr("penalty_alpha")));
}

TEST(Folder, TimeAndMemoryGrowWithTheConfiguration) {
  Scratch folder;
  const auto of_keys = [&](std::size_t n) {
    std::string json = "{";
    for (std::size_t i = 0; i < n; ++i)
      json += fmt::format(R"({}"some_unknown_field_{}":[{},NaN])", i ? "," : "", i, i);
    const auto file = folder / fmt::format("config-{}.json", n);
    put(file, json + "}");
    return file;
  };
  test::expect_linear(5'000, of_keys, [](const std::filesystem::path& file) { read_config_file(file); });
}

TEST(Folder, TimeAndMemoryGrowWithTheGenerationConfiguration) {
  Scratch folder;
  put(folder / "config.json", "{}");
  const auto of_ids = [&](std::size_t n) {
    std::string ids;
    for (std::size_t i = 0; i < n; ++i) ids += fmt::format("{}[{},{}]", i ? "," : "", i % 1000, i % 777);
    const auto file = folder / fmt::format("{}/generation_config.json", n);
    put(file, R"({"bad_words_ids":[)" + ids + "]}");
    put(file.parent_path() / "config.json", "{}");
    return file;
  };
  test::expect_linear(8'000, of_ids, [](const std::filesystem::path& file) { generation_of(file.parent_path()); });
}

}  // namespace
}  // namespace linnet
