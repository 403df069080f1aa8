#include "linnet/models/config_fields.h"

#include <gmock/gmock.h>

#include "tests/scratch.h"

namespace linnet::models {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <class T>
T read(const Json& json, const Key& key, T value = {}) {
  ConfigFields::reader(json, "config.json").field(key, value);
  return value;
}
template <class T>
std::string refused(const Json& json) {
  return refusal([&] { read<T>(json, {"x"}); });
}

TEST(ConfigFields, AbsentAndNullKeepTheValue) {
  EXPECT_EQ(read<std::int64_t>({{"y", 1}}, {"x"}, 7), 7);
  EXPECT_EQ(read<std::int64_t>({{"x", nullptr}}, {"x"}, 7), 7);
  EXPECT_EQ(read<std::int64_t>({{"x", nullptr}, {"old", 3}}, {"x", "old"}, 7), 3);
  EXPECT_EQ(read<std::int64_t>({{"x", 3}, {"old", 3}}, {"x", "old"}, 7), 3);
  EXPECT_THAT(refusal([] {
                read<std::int64_t>({{"x", 2}, {"old", 3}}, {"x", "old"});
              }),
              HasSubstr("x is 2 and old is 3"));
}

TEST(ConfigFields, OtherTypesAreRefusedByName) {
  for (const Json& value : {Json("5"), Json(1.5), Json(true), Json::array({1}), Json::object()})
    EXPECT_THAT(refused<std::int64_t>({{"x", value}}), HasSubstr("config.json: 'x' is ")) << value;
  for (const Json& value : {Json("5"), Json(true), Json::array({1})})
    EXPECT_THAT(refused<double>({{"x", value}}), HasSubstr("not a finite number"));
  for (const Json& value : {Json("true"), Json(1)})
    EXPECT_THAT(refused<bool>({{"x", value}}), HasSubstr("not true or false"));
  for (const Json& value : {Json(1), Json::array({"a"})})
    EXPECT_THAT(refused<std::string>({{"x", value}}), HasSubstr("x"));
  EXPECT_THAT(refused<std::vector<double>>({{"x", 1}}), HasSubstr("not a list of numbers"));
  EXPECT_THAT(refused<std::vector<double>>({{"x", {1, "a"}}}), HasSubstr("holds \"a\""));
}

TEST(ConfigFields, ReadsEveryType) {
  const Json json{{"i", 5}, {"d", 0.5}, {"b", true}, {"s", "text"}, {"l", {1, 2.5}}};
  EXPECT_EQ(read<std::int64_t>(json, {"i"}), 5);
  EXPECT_EQ(read<double>(json, {"d"}), 0.5);
  EXPECT_EQ(read<double>(json, {"i"}), 5.0);
  EXPECT_TRUE(read<bool>(json, {"b"}));
  EXPECT_EQ(read<std::string>(json, {"s"}), "text");
  EXPECT_THAT(read<std::vector<double>>(json, {"l"}), ElementsAre(1, 2.5));
}

TEST(ConfigFields, IdsAreOneOrAList) {
  std::vector<std::int64_t> ids{9};
  ConfigFields::reader({{"e", 2}}, "").ids({"e"}, ids);
  EXPECT_THAT(ids, ElementsAre(2));
  ConfigFields::reader({{"e", {2, 3}}}, "").ids({"e"}, ids);
  EXPECT_THAT(ids, ElementsAre(2, 3));
  Json out;
  ConfigFields::writer(out).ids({"e"}, ids);
  EXPECT_EQ(out["e"], (Json{2, 3}));
  ids = {4};
  ConfigFields::writer(out).ids({"e"}, ids);
  EXPECT_EQ(out["e"], 4);
  refusal([&] { ConfigFields::reader({{"e", {"a"}}}, "").ids({"e"}, ids); });
}

TEST(ConfigFields, GgufHasItsOwnSpellings) {
  const Json json{{"n_head", 1}, {"attention.head_count", 4}};
  std::int64_t heads = 0, other = 5;
  ConfigFields::gguf_reader(json, "m.gguf")
      .field({"n_head", nullptr, "attention.head_count"}, heads)
      .field({"n_head"}, other);
  EXPECT_EQ(heads, 4);
  EXPECT_EQ(other, 5);
}

TEST(ConfigFields, WritingKeepsTheFilesSpellingAndItsOtherKeys) {
  Json json{{"n_embed", 8}, {"own", {1}}};
  std::int64_t hidden = 16, layers = 2;
  ConfigFields::writer(json).field({"hidden_size", "n_embed"}, hidden).field({"n_layer", "num_hidden_layers"}, layers);
  EXPECT_EQ(json, (Json{{"n_embed", 16}, {"own", {1}}, {"n_layer", 2}}));
}

enum class Fruit { kApple, kPear };
constexpr std::pair<const char*, Fruit> kFruits[] = {
    {"apple", Fruit::kApple}, {"pear", Fruit::kPear}, {"pyrus", Fruit::kPear}};

TEST(ConfigFields, ChoicesAreNamedAndOthersListed) {
  Fruit fruit = Fruit::kApple;
  ConfigFields::reader({{"f", "pyrus"}}, "").choice<Fruit>({"f"}, fruit, kFruits);
  EXPECT_EQ(fruit, Fruit::kPear);
  EXPECT_THAT(refusal([&] {
                ConfigFields::reader({{"f", "plum"}}, "c").choice<Fruit>({"f"}, fruit, kFruits);
              }),
              HasSubstr("f 'plum' is not supported; known are apple, pear, pyrus"));
  Json out;
  ConfigFields::writer(out).choice<Fruit>({"f"}, fruit, kFruits);
  EXPECT_EQ(out["f"], "pear");  // the first of its names
  out["f"] = "pyrus";
  ConfigFields::writer(out).choice<Fruit>({"f"}, fruit, kFruits);
  EXPECT_EQ(out["f"], "pyrus");  // the name that was read
  fruit = Fruit::kApple;
  ConfigFields::writer(out).choice<Fruit>({"f"}, fruit, kFruits);
  EXPECT_EQ(out["f"], "apple");
}

}  // namespace
}  // namespace linnet::models
