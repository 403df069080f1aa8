#include "linnet/tokenizer/decoder.h"

#include <gmock/gmock.h>

#include "tests/tokenizer/reference.h"

namespace linnet {
namespace {

TEST(Decoder, EveryKindJoinsAsTheReferenceDoes) {
  const Json& tokens = tokenizer_reference()["tokens"];
  for (const Json& entry : tokenizer_reference()["decoders"]) {
    const DecoderPtr d = make_decoder(entry["json"], "tokenizer.json");
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const std::string found = decode_tokens(d.get(), tokens[i].get<std::vector<std::string>>());
      if (entry["out"][i].is_null()) continue;  // the library panics here; ours only has to return
      EXPECT_EQ(found, entry["out"][i].get<std::string>())
          << dump_json(entry["json"]) << " of " << dump_json(tokens[i]);
    }
  }
}

TEST(Decoder, WithoutOneBlanksStandBetween) { EXPECT_EQ(decode_tokens(nullptr, {"a", "b"}), "a b"); }

TEST(Decoder, CleaningUpIsTransformers) {
  EXPECT_EQ(clean_up_spaces("hello , world ! it 's ok ? i ' m . do n't we 've you 're"),
            "hello, world! it's ok? i'm. don't we've you're");
  EXPECT_EQ(clean_up_spaces("a . b"), "a. b");
}

TEST(Decoder, WhatIsUnknownOrMalformedIsRefused) {
  const auto refused = [](const char* json) {
    return refusal([&] { make_decoder(parse_json(json, ""), "tokenizer.json"); });
  };
  EXPECT_THAT(refused(R"({"type": "Magic"})"), ::testing::HasSubstr("Magic"));
  refused(R"({"type": "Sequence", "decoders": [{"type": "Magic"}]})");
  refused(R"({"type": "Replace", "pattern": 3, "content": ""})");
  refused("3");
  EXPECT_EQ(make_decoder(Json(nullptr), ""), nullptr);
}

}  // namespace
}  // namespace linnet
