#include "linnet/tokenizer/text_budget.h"

#include <gmock/gmock.h>

#include "tests/tokenizer/reference.h"

namespace linnet {
namespace {

using ::testing::HasSubstr;

Json words(const char* part, const Json& entry) {
  Json json{{"version", "1.0"},
            {"added_tokens", Json::array()},
            {"normalizer", nullptr},
            {"pre_tokenizer", nullptr},
            {"post_processor", nullptr},
            {"decoder", nullptr},
            {"model", {{"type", "WordLevel"}, {"unk_token", "a"}, {"vocab", {{"a", 0}, {"aa", 1}}}}}};
  json[part] = entry;
  return json;
}
Json chain(const char* list, const Json& step, int times) {
  Json steps = Json::array();
  for (int i = 0; i < times; ++i) steps.push_back(step);
  return {{"type", "Sequence"}, {list, steps}};
}
Json replace(const char* from, const std::string& to) {
  return {{"type", "Replace"}, {"pattern", {{"String", from}}}, {"content", to}};
}

void expect_refused(const char* part, const Json& entry, const std::string& text) {
  const Tokenizer t = tokenizer_of(words(part, entry));
  EXPECT_THAT(refusal([&] { t.encode(text); }), HasSubstr("tokenizer.json: its steps add more than"))
      << dump_json(entry).substr(0, 200);
  EXPECT_THAT(refusal([&] { t.encode_ids(text); }), HasSubstr("tokenizer.json: its steps add more than"));
}

// Steps that multiply a text.
TEST(TextBudget, NormalizersThatMultiplyATextAreRefused) {
  expect_refused("normalizer", chain("normalizers", replace("a", "aa"), 30), "a");
  expect_refused("normalizer", replace("a", std::string(1 << 16, 'x')), std::string(1 << 16, 'a'));
  expect_refused("normalizer", chain("normalizers", {{"type", "ByteLevel"}}, 30), "\xC3\xA9");
  Json ligatures = chain("normalizers", {{"type", "NFKC"}}, 1);
  ligatures["normalizers"].push_back(replace("\xD8\xA7", std::string(4096, 'x')));
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "\xEF\xB7\xBA";  // U+FDFA
  expect_refused("normalizer", ligatures, text);
  // Also: a regular expression, empty matches, a prefix.
  const Json empty{{"type", "Replace"}, {"pattern", {{"Regex", "(?=a)"}}}, {"content", std::string(4096, 'a')}};
  expect_refused("normalizer", chain("normalizers", empty, 3), std::string(200, 'a'));
  expect_refused("normalizer", chain("normalizers", {{"type", "Prepend"}, {"prepend", std::string(1 << 16, 'x')}}, 4),
                 "a");
}

TEST(TextBudget, PreTokenizersThatMultiplyATextAreRefused) {
  const Json spell{{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}};
  expect_refused("pre_tokenizer", chain("pretokenizers", spell, 30), "\xC3\xA9");
  Json grows = Json::array();
  for (int i = 0; i < 400; ++i) {
    grows.push_back({{"type", "FixedLength"}, {"length", 1}});
    grows.push_back({{"type", "Metaspace"},
                     {"replacement", i % 2 == 0 ? "x" : "y"},
                     {"prepend_scheme", "always"},
                     {"split", false}});
  }
  expect_refused("pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", grows}}, "aaaa");
}

// The parts of a text share its budget: added tokens between them do not add to it.
TEST(TextBudget, IsOneForTheWholeText) {
  Json json = words("normalizer", {{"type", "Prepend"}, {"prepend", std::string(4096, 'x')}});
  json["added_tokens"] = {{{"id", 2}, {"content", "<s>"}, {"special", true}}};
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "a<s>";
  EXPECT_THAT(refusal([&] { tokenizer_of(json).encode(text); }), HasSubstr("its steps add more than"));
}

TEST(TextBudget, DecodersThatMultiplyTokensAreRefused) {
  const auto refused = [](const Json& decoder) {
    const Tokenizer t = tokenizer_of(words("decoder", decoder));
    return refusal([&] { t.decode(std::vector<std::int32_t>(1000, 1)); });
  };
  EXPECT_THAT(refused(chain("decoders", replace("a", "aa"), 30)), HasSubstr("tokenizer.json: its steps add more than"));
  EXPECT_THAT(refused(replace("a", std::string(1 << 16, 'x'))), HasSubstr("its steps add more than"));
  const Json pattern{{"type", "Replace"}, {"pattern", {{"Regex", "a"}}}, {"content", std::string(1 << 16, 'x')}};
  EXPECT_THAT(refused(pattern), HasSubstr("its steps add more than"));
  const Json ctc{{"type", "CTC"}, {"word_delimiter_token", "a"}, {"pad_token", "|"}, {"cleanup", true}};
  EXPECT_EQ(tokenizer_of(words("decoder", ctc)).decode(std::vector<std::int32_t>(1000, 1)), "  ");
}

// Growth of valid files: a long prefix, a word for a character, in byte tokens.
TEST(TextBudget, SoundGrowthPasses) {
  Json steps = chain("normalizers", {{"type", "NFKC"}}, 1);
  steps["normalizers"].push_back(replace(" ", "\xE2\x96\x81"));
  steps["normalizers"].push_back(replace("&", " and "));
  steps["normalizers"].push_back({{"type", "ByteLevel"}});
  const Tokenizer t = tokenizer_of(words("normalizer", steps));
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "\xE3\x8C\x96 & ";  // U+3316, six letters of three bytes
  EXPECT_EQ(t.encode_ids(text).size(), 1U);
  EXPECT_EQ(t.encode_ids("\xEF\xB7\xBA").size(), 1U);
}

}  // namespace
}  // namespace linnet
