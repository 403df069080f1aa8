#include "linnet/tokenizer/postprocessor.h"

#include <gmock/gmock.h>

#include "linnet/base/error.h"
#include "tests/tokenizer/reference.h"

namespace linnet {
namespace {

using ::testing::ElementsAre;

Json with(const char* key, const Json& value) {
  Json json = tokenizer_reference()["models"]["wordpiece"][0]["json"];
  json["normalizer"] = {{"type", "Lowercase"}};
  json[key] = value;
  return json;
}

TEST(PostProcessor, EveryKindFramesTextsAndPairsAsTheReferenceDoes) {
  for (const Json& entry : tokenizer_reference()["postprocessors"]) {
    const Tokenizer tokenizer = tokenizer_of(with("post_processor", entry["json"]));
    for (const Json& row : entry["rows"]) {
      SCOPED_TRACE(dump_json(entry["json"]) + " on " + dump_json(row["first"]) + ", " + dump_json(row["second"]));
      const auto encode = [&](bool special) {
        const EncodeOptions options{.add_special_tokens = special};
        const auto first = row["first"].get<std::string>();
        return row["second"].is_null() ? tokenizer.encode(first, options)
                                       : tokenizer.encode(first, row["second"].get<std::string>(), options);
      };
      expect_encoding(encode(true), row["out"]);
      expect_encoding(encode(false), row["bare"]);
    }
  }
}

TEST(Truncation, CutsAsTheReferenceDoes) {
  const Json template_processor = tokenizer_reference()["postprocessors"][0]["json"];
  const Tokenizer tokenizer = tokenizer_of(with("post_processor", template_processor));
  const auto texts = tokenizer_reference()["long"].get<std::vector<std::string>>();
  for (const Json& row : tokenizer_reference()["truncations"]) {
    const std::string strategy = row["json"]["strategy"];
    EncodeOptions options;
    options.truncation = Truncation{.max_length = row["json"]["max_length"],
                                    .strategy = strategy == "OnlyFirst"    ? TruncationStrategy::kOnlyFirst
                                                : strategy == "OnlySecond" ? TruncationStrategy::kOnlySecond
                                                                           : TruncationStrategy::kLongestFirst,
                                    .side = row["json"]["direction"] == "Left" ? Side::kLeft : Side::kRight};
    EXPECT_EQ(tokenizer.encode(texts[0], texts[1], options).ids, row["pair"].get<std::vector<std::int32_t>>()) << row;
    if (row["single"].is_null()) continue;
    EXPECT_EQ(tokenizer.encode(texts[0], options).ids, row["single"].get<std::vector<std::int32_t>>()) << row;
    EXPECT_EQ(tokenizer.encode_ids(texts[0], options), row["single"].get<std::vector<std::int32_t>>()) << row;
    // Lengths of the file are applied if the caller requests it.
    const Tokenizer own = tokenizer_of([&] {
      Json json = with("post_processor", template_processor);
      json["truncation"] = row["json"];
      return json;
    }());
    EncodeOptions follow;
    follow.file_lengths = FileLengths::kFollow;
    EXPECT_EQ(own.encode(texts[0], follow).ids, row["single"].get<std::vector<std::int32_t>>()) << row;
    EXPECT_EQ(own.encode(texts[0]).ids, tokenizer.encode(texts[0]).ids);
  }
}

Encoding numbered(std::int32_t first, std::int32_t count) {
  Encoding e;
  for (std::int32_t i = 0; i < count; ++i) {
    e.ids.push_back(first + i), e.tokens.push_back(std::to_string(first + i)), e.offsets.emplace_back(i, i + 1);
    e.type_ids.push_back(0), e.attention_mask.push_back(1), e.special_tokens_mask.push_back(0);
  }
  return e;
}

TEST(Truncation, KeepsAllColumnsTogether) {
  Encoding e = numbered(10, 5);
  truncate(e, 2, Side::kLeft);
  EXPECT_THAT(e.ids, ElementsAre(13, 14));
  EXPECT_THAT(e.tokens, ElementsAre("13", "14"));
  EXPECT_THAT(e.offsets, ElementsAre(std::pair(3, 4), std::pair(4, 5)));
  EXPECT_EQ(e.attention_mask.size(), 2U);
  append(e, numbered(1, 1));
  EXPECT_THAT(e.ids, ElementsAre(13, 14, 1));
  truncate(e, 9, Side::kRight);
  EXPECT_EQ(e.size(), 3U);
}

TEST(Truncation, APairThatCannotBecomeShortEnoughIsRefused) {
  std::vector<Encoding> pair{numbered(1, 2), numbered(5, 6)};
  EXPECT_THROW(truncate_parts(pair, {.max_length = 5, .strategy = TruncationStrategy::kOnlyFirst}), Error);
}

TEST(PostProcessor, WhatIsUnknownOrMalformedIsRefused) {
  const auto refused = [](const char* json) {
    return refusal([&] { make_postprocessor(parse_json(json, ""), "tokenizer.json"); });
  };
  EXPECT_THAT(refused(R"({"type": "Magic"})"), ::testing::HasSubstr("Magic"));
  refused(
      R"({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "[X]", "type_id": 0}}], "pair": [], "special_tokens": {}})");
  refused(R"({"type": "BertProcessing", "sep": 3})");
  refused("[]");
  EXPECT_EQ(make_postprocessor(Json(nullptr), ""), nullptr);
}

}  // namespace
}  // namespace linnet
