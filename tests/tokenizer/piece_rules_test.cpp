#include "linnet/tokenizer/piece_rules.h"

#include <gmock/gmock.h>

namespace linnet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(PieceRules, TheClassIsTheConfiguredOneOrTheModels) {
  const Json none = Json::object(), t5{{"model_type", "umt5"}};
  EXPECT_EQ(tokenizer_class_of({{"tokenizer_class", "AlbertTokenizerFast"}}, t5), "AlbertTokenizer");
  EXPECT_EQ(tokenizer_class_of(none, t5), "T5Tokenizer");
  EXPECT_EQ(tokenizer_class_of(none, {{"model_type", "gpt2"}}), "");
  EXPECT_EQ(tokenizer_class_of({{"tokenizer_class", nullptr}}, none), "");
  EXPECT_FALSE(piece_rules("GPT2Tokenizer", none));
  EXPECT_THAT(ruled_classes(), HasSubstr("DebertaV2Tokenizer"));
}

TEST(PieceRules, TheConfigurationChangesTokensAndSteps) {
  const Json config{{"mask_token_sent", nullptr}, {"offset", 4}, {"eos_token", {{"content", "<e>"}, {"lstrip", true}}}};
  const PieceRules rules = piece_rules("PegasusTokenizer", config).value();
  std::vector<std::string> first;
  for (const auto& [text, score] : rules.first) first.push_back(text);
  EXPECT_THAT(first, ElementsAre("<pad>", "<e>", "<mask_2>", "<unk_2>", "<unk_3>"));
  EXPECT_TRUE(rules.named.front().second.lstrip);
  const auto steps = [](const Json& keys) { return piece_rules("AlbertTokenizer", keys)->normalizers.size(); };
  EXPECT_EQ(steps(Json::object()), steps({{"keep_accents", true}}) + 2);
  EXPECT_EQ(steps(Json::object()), steps({{"do_lower_case", false}}) + 1);
}

TEST(PieceRules, ATokensSpacesAreThoseOfTheConfiguration) {
  const auto mask = [](const Json& config) { return piece_rules("XLMRobertaTokenizer", config)->named.back().second; };
  EXPECT_FALSE(mask(Json::object()).lstrip);
  EXPECT_TRUE(mask({{"mask_token", {{"content", "<mask>"}, {"lstrip", true}}}}).lstrip);
  EXPECT_TRUE(mask({{"added_tokens_decoder", {{"9", {{"content", "<mask>"}, {"lstrip", true}}}}}}).lstrip);
}

TEST(PieceRules, TheConfigurationFramesMerges) {
  const auto frames = [](const Json& config) {
    const PieceRules rules = piece_rules("LlamaTokenizer", config).value();
    return std::pair(rules.single, rules.pair);
  };
  const auto [single, pair] = frames({{"add_eos_token", true}});
  EXPECT_THAT(single, ElementsAre("bos_token", "$A", "eos_token"));
  EXPECT_THAT(pair, ElementsAre("bos_token", "$A", "eos_token", "bos_token:1", "$B:1", "eos_token:1"));
  EXPECT_THAT(frames({{"add_bos_token", false}}).second, ElementsAre("$A", "$B:1"));
  EXPECT_THAT(frames({{"bos_token", nullptr}}).first, ElementsAre("$A"));
  const auto prepend = [](const Json& config) { return piece_rules("LlamaTokenizer", config)->prepend; };
  EXPECT_EQ(prepend(Json::object()), "first");
  EXPECT_EQ(prepend({{"legacy", true}}), "always");
  EXPECT_EQ(prepend({{"add_prefix_space", false}}), "never");
}

TEST(PieceRules, LanguagesAreThoseOfTheClass) {
  EXPECT_EQ(languages_of("MBartTokenizer")->codes.size(), 25U);
  EXPECT_EQ(languages_of("MBart50Tokenizer")->codes.back(), "sl_SI");
  EXPECT_FALSE(languages_of("T5Tokenizer"));
}

}  // namespace
}  // namespace linnet
