#include <gmock/gmock.h>

#include "linnet/models/config_rules.h"
#include "linnet/models/family.h"
#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet::models {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TransformerConfig read_rule(Field::Rule which, const Json& json, std::int64_t layers = 3) {
  TransformerConfig config{.layers = layers};
  ConfigFields fields = ConfigFields::reader(json, "config.json");
  which(fields, config);
  return config;
}

Json written_by(Field::Rule which, TransformerConfig config, Json json = Json::object()) {
  ConfigFields fields = ConfigFields::writer(json);
  which(fields, config);
  return json;
}

const Json kMixed = {"full_attention", "sliding_attention", "full_attention"};

TEST(Windows, OfAllLayers) {
  EXPECT_EQ(read_rule(rules::sliding_window, Json::object()).window, 4096);
  EXPECT_EQ(read_rule(rules::sliding_window, {{"sliding_window", nullptr}}).window, 0);
  const TransformerConfig c = read_rule(rules::sliding_window, {{"sliding_window", 7}});
  EXPECT_EQ(c.window_of(0), 7);
  EXPECT_EQ(c.window_of(2), 7);
  EXPECT_EQ(written_by(rules::sliding_window, c), (Json{{"sliding_window", 7}}));
  EXPECT_EQ(written_by(rules::sliding_window, {}), (Json{{"sliding_window", nullptr}}));
  EXPECT_THROW(read_rule(rules::sliding_window, {{"sliding_window", -1}}), Error);
}

TEST(Windows, OfTheLayersFromOneOn) {
  const Json used = {{"use_sliding_window", true}, {"sliding_window", 7}, {"max_window_layers", 2}};
  const TransformerConfig c = read_rule(rules::sliding_window_if_used, used);
  EXPECT_EQ(c.window, 7);
  EXPECT_THAT(c.window_layers, ElementsAre(false, false, true));
  EXPECT_EQ(written_by(rules::sliding_window_if_used, c),
            (Json{{"use_sliding_window", true},
                  {"sliding_window", 7},
                  {"layer_types", {"full_attention", "full_attention", "sliding_attention"}}}));
  EXPECT_EQ(written_by(rules::sliding_window_if_used, c, used), used);
  Json json = used;
  json["max_window_layers"] = 0;
  EXPECT_EQ(read_rule(rules::sliding_window_if_used, json).window_of(0), 7);
  for (const auto& [field, value] :
       {std::pair("use_sliding_window", Json(false)), {"sliding_window", nullptr}, {"max_window_layers", 28}}) {
    json = used;
    json[field] = value;
    EXPECT_EQ(read_rule(rules::sliding_window_if_used, json).window, 0) << field;
  }
}

TEST(Windows, OfListedLayers) {
  Json json = {{"use_sliding_window", true}, {"layer_types", kMixed}};
  const TransformerConfig c = read_rule(rules::sliding_window_if_used, json);
  EXPECT_EQ(c.window_of(0), 0);
  EXPECT_EQ(c.window_of(1), 4096);
  json["layer_types"] = {"full_attention", "full_attention", "full_attention"};
  EXPECT_EQ(read_rule(rules::sliding_window_if_used, json).window, 0);
}

TEST(Windows, OfEverySecondLayer) {
  const TransformerConfig c = read_rule(rules::alternating_windows, {{"sliding_window", 7}}, 3);
  EXPECT_THAT(c.window_layers, ElementsAre(true, false, true));
  EXPECT_EQ(
      written_by(rules::alternating_windows, c),
      (Json{{"sliding_window", 7}, {"layer_types", {"sliding_attention", "full_attention", "sliding_attention"}}}));
  EXPECT_THAT(read_rule(rules::alternating_windows, {{"layer_types", kMixed}}).window_layers,
              ElementsAre(false, true, false));
}

TEST(Windows, OfAllLayersButEveryNth) {
  EXPECT_THAT(read_rule(rules::windows_by_pattern, {{"sliding_window_pattern", 2}}).window_layers,
              ElementsAre(true, false, true));
  const TransformerConfig c = read_rule(rules::windows_by_pattern, Json::object(), 5);
  EXPECT_EQ(c.window, 4096);
  EXPECT_THAT(c.window_layers, IsEmpty());
  EXPECT_EQ(read_rule(rules::windows_by_pattern, Json::object(), 7).window_of(5), 0);
  EXPECT_EQ(read_rule(rules::windows_by_pattern, {{"sliding_window_pattern", 1}}).window, 0);
}

TEST(Windows, InGgufFiles) {
  Json json = Json::object();
  ConfigFields writer = ConfigFields::gguf_writer(json, "m.gguf");
  TransformerConfig c{.layers = 3, .window = 7, .window_layers = {true, false, true}};
  rules::alternating_windows(writer, c);
  EXPECT_EQ(json, (Json{{"attention.sliding_window", 7}}));
  ConfigFields reader = ConfigFields::gguf_reader(json, "m.gguf");
  TransformerConfig again{.layers = 3};
  rules::alternating_windows(reader, again);
  EXPECT_EQ(again.window, 7);
  EXPECT_EQ(again.window_layers, c.window_layers);
}

TEST(Windows, OnBothSidesAreHalfOfLocalAttention) {
  const TransformerConfig c = read_rule(rules::local_attention, {{"local_attention", 6}}, 4);
  EXPECT_EQ(c.window, 4);
  EXPECT_THAT(c.window_layers, ElementsAre(false, true, true, false));
  EXPECT_EQ(written_by(rules::local_attention, c)["local_attention"], 6);
  EXPECT_THAT(read_rule(rules::local_attention, {{"global_attn_every_n_layers", 2}}, 3).window_layers,
              ElementsAre(false, true, false));
  EXPECT_EQ(read_rule(rules::local_attention, {{"layer_types", kMixed}}).window_of(1), 65);
}

TEST(Layers, WithoutPositions) {
  EXPECT_THAT(read_rule(rules::unrotated_layers, {{"no_rope_layer_interval", 2}}).unrotated_layers,
              ElementsAre(false, true, false));
  EXPECT_THAT(read_rule(rules::unrotated_layers, Json::object()).unrotated_layers, IsEmpty());
  const Json json = {{"no_rope_layers", {0, 1, 1, 1}}, {"use_sliding_window", true}, {"sliding_window", 7}};
  TransformerConfig c = read_rule(rules::unrotated_layers, json);
  c.positions = Positions::kRotary;
  EXPECT_FALSE(c.rotates(0));
  EXPECT_TRUE(c.rotates(1));
  EXPECT_THAT(c.window_layers, ElementsAre(true, false, false));  // of the layers without positions
  EXPECT_EQ(written_by(rules::unrotated_layers, c)["no_rope_layers"], (Json{0, 1, 1}));
  EXPECT_THAT(refusal([] {
                read_rule(rules::unrotated_layers, {{"no_rope_layers", Json::array({1})}});
              }),
              HasSubstr("no_rope_layers"));
}

TEST(Windows, ListsThatDoNotFitAreRefusedByName) {
  const auto refused = [](const Json& json) {
    return refusal([&] { read_rule(rules::sliding_window_if_used, json); });
  };
  EXPECT_THAT(refused({{"layer_types", kMixed}}), HasSubstr("layer_types"));  // no window
  EXPECT_THAT(refused({{"layer_types", Json::array({"full_attention"})}}), HasSubstr("3 names"));
  EXPECT_THAT(refused({{"layer_types", {"full_attention", "full_attention", "chunked_attention"}}}),
              HasSubstr("chunked_attention"));
}

}  // namespace
}  // namespace linnet::models
