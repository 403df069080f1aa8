// tag() against Transformers' token-classification pipeline.
#include "linnet/tasks/tag.h"

#include <gmock/gmock.h>

#include "linnet/base/error.h"
#include "tests/tasks/reference_calls.h"
#include "tests/tasks/tiny.h"

namespace linnet::tasks {
namespace {

TagOptions options_of(const Json& call) {
  TagOptions options;
  const auto kind = call.at("aggregation").get<std::string>();
  const std::vector<std::string> names{"none", "simple", "first", "average", "max"};
  options.aggregation = static_cast<Aggregation>(std::ranges::find(names, kind) - names.begin());
  if (call.contains("stride")) options.stride = call.at("stride").get<std::int64_t>();
  return options;
}

class TagReference : public ::testing::TestWithParam<const char*> {};

TEST_P(TagReference, IsThePipelines) {
  const Loaded loaded = tiny(std::string("tasks/") + GetParam());
  for (const Json& call : reference_calls(GetParam())) {
    const TagOptions options = options_of(call);
    const bool tokens = options.aggregation == Aggregation::kNone;
    const auto found = tag(loaded, call.at("text").get<std::string>(), options);
    const Json& wanted = call.at("result");
    ASSERT_EQ(found.size(), wanted.size()) << call.dump();
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].label, wanted[i].at(tokens ? "entity" : "entity_group").get<std::string>()) << call.dump();
      EXPECT_NEAR(found[i].score, wanted[i].at("score").get<double>(), 1e-5);
      EXPECT_EQ(found[i].word, wanted[i].at("word").get<std::string>());
      EXPECT_EQ(found[i].start, wanted[i].at("start").get<std::int64_t>());
      EXPECT_EQ(found[i].end, wanted[i].at("end").get<std::int64_t>());
      if (tokens) {
        EXPECT_EQ(found[i].index, wanted[i].at("index").get<std::int64_t>());
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tokenizers, TagReference, ::testing::Values("tags", "tags-bytes"));

TEST(Tag, TextsTogetherAreAsAlone) {
  const Loaded loaded = tiny("tasks/tags");
  const std::vector<std::string> texts{"Marta counted", "", "the baker's oven was cold"};
  std::vector<std::size_t> order;
  tag_each(
      loaded, texts, {.aggregation = Aggregation::kSimple},
      [&](std::size_t i, const std::vector<Entity>& found) {
        order.push_back(i);
        const auto alone = tag(loaded, texts[i], {.aggregation = Aggregation::kSimple});
        ASSERT_EQ(found.size(), alone.size());
        for (std::size_t e = 0; e < found.size(); ++e) EXPECT_EQ(found[e].score, alone[e].score);
      },
      [&](std::size_t i, const Error& why) {
        order.push_back(i);
        EXPECT_EQ(why.kind(), ErrorKind::kInvalidArgument);
      });
  EXPECT_THAT(order, ::testing::ElementsAre(0, 1, 2));
}

TEST(Tag, IgnoresTheLabelsThatItIsTold) {
  const Loaded loaded = tiny("tasks/tags");
  const auto all = tag(loaded, "Marta counted the bags", {.ignored = {}});
  EXPECT_EQ(all.size(), loaded.tokenizer().encode_ids("Marta counted the bags").size() - 2);
  for (const Entity& entity : tag(loaded, "Marta counted the bags", {.ignored = {"I-PER"}}))
    EXPECT_NE(entity.label, "I-PER");
}

// A decoder's head, too.
TEST(Tag, EveryFamilyWithTheHead) {
  const Loaded loaded = tiny("bert/tokens");
  EXPECT_FALSE(tag(loaded, "w5 w6", {.ignored = {}}).empty());
}

TEST(Tag, RefusesOtherModelsAndOptions) {
  const Loaded loaded = tiny("tasks/tags");
  EXPECT_THROW(tag(loaded, "Marta", {.stride = 2}), Error);
  EXPECT_THROW(tag(loaded, "Marta", {.aggregation = Aggregation::kSimple, .stride = -1}), Error);
  try {
    tag(tiny("bert/masked"), "w5");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("token classification"));
  }
}

}  // namespace
}  // namespace linnet::tasks
