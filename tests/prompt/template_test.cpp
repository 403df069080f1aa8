#include "linnet/prompt/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "linnet/base/error.h"
#include "linnet/base/file.h"

namespace linnet {
namespace {

using testing::HasSubstr;

std::string error_of(const std::string& source, const Json& slots) {
  try {
    return "rendered: " + PromptTemplate::parse(source).render(slots);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    return error.what();
  }
}

// The article's prompt, byte for byte.
TEST(PromptTemplate, SentimentToneIsTheArticles) {
  const Json slots{{"text", "I love the sunny weather today."}, {"labels", {"positive", "negative", "angry"}}};
  const char* expected =
      "I love the sunny weather today.\nWhat is the tone of this sentence positive, negative, or angry?";
  EXPECT_EQ(PromptTemplate::parse("sentiment-tone").render(slots), expected);
  EXPECT_EQ(PromptTemplate::parse("sentiment-tone@1").render(slots), expected);
  // A second call gives the same.
  EXPECT_EQ(PromptTemplate::parse("sentiment-tone").render(slots), expected);
}

// Tabs, braces and bars are unchanged.
TEST(PromptTemplate, CodeLanguageIsTheArticles) {
  const std::string code = "int findMax(int a, int b){\n\tif (a > b) ans = a;\n\telse ans = b;\n\treturn ans;\n}";
  const Json slots{{"text", code}, {"labels", {"C++", "Python"}}};
  EXPECT_EQ(PromptTemplate::parse("code-language@1").render(slots),
            code + "\nThe above function is in which of these languages: C++ or Python?");
  const std::string python = "def find_max(a, b, c):\n\tans = max(c, max(a,b))\n\treturn ans";
  EXPECT_EQ(PromptTemplate::parse("code-language").render({{"text", python}, {"labels", {"C++", "Python", "Go"}}}),
            python + "\nThe above function is in which of these languages: C++ or Python or Go?");
}

TEST(PromptTemplate, SummarizeWordsIsTheArticles) {
  EXPECT_EQ(PromptTemplate::parse("summarize-words").render({{"text", "Le chat {{ dort }}."}}),
            "Summarize the following French text in English in less than 100 words: Le chat {{ dort }}.");
  EXPECT_EQ(PromptTemplate::parse("summarize-words@1")
                .render({{"text", "Der Hund."}, {"from", "German"}, {"to", "Latin"}, {"words", 20}}),
            "Summarize the following German text in Latin in less than 20 words: Der Hund.");
}

TEST(PromptTemplate, DefaultAsksWhichLabel) {
  EXPECT_EQ(PromptTemplate::classify_default().render({{"text", "Nice."}, {"labels", {"positive", "negative"}}}),
            "Nice.\nQuestion: Is this positive or negative?\nAnswer:");
}

TEST(PromptTemplate, JoinsLabels) {
  const auto joined = [](const std::string& filter, const Json& labels) {
    return PromptTemplate::parse("{{ labels | " + filter + " }}").render({{"labels", labels}});
  };
  EXPECT_EQ(joined("join_or", {"a", "b", "c"}), "a, b, or c");
  EXPECT_EQ(joined("join_or", {"a", "b"}), "a or b");
  EXPECT_EQ(joined("join_or", Json::array({"a"})), "a");
  EXPECT_EQ(joined("join_or", Json::array()), "");
  EXPECT_EQ(joined("join_or('und')", {"a", "b", "c"}), "a, b, und c");
  EXPECT_EQ(joined("join(' or ')", {"a", "b", "c"}), "a or b or c");
  EXPECT_EQ(joined("join(', ')", {"a", "b"}), "a, b");
}

TEST(PromptTemplate, InlineTextHasEscapesAndKeepsItsEnd) {
  EXPECT_EQ(PromptTemplate::parse("Review: {{ text }}\\n\\tSentiment:\\n").render({{"text", "a\\nb"}}),
            "Review: a\\nb\n\tSentiment:\n");
  EXPECT_EQ(PromptTemplate::parse("\\\\n{{ text }}").render({{"text", "x"}}), "\\nx");
  EXPECT_EQ(PromptTemplate::parse("{{ text }}{# never sent: {{ secret }} #}!").render({{"text", "x"}}), "x!");
}

TEST(PromptTemplate, InsertedTextIsNeverParsedAgain) {
  for (const char* hostile : {"{{ labels }}", "{% if %}", "{# x #}", "}}", "{{", "{% raw %}"})
    EXPECT_EQ(PromptTemplate::parse("[{{ text }}]").render({{"text", hostile}}), "[" + std::string(hostile) + "]");
}

TEST(PromptTemplate, AnUnknownSlotIsAnErrorThatNamesTheKnown) {
  EXPECT_EQ(error_of("{{ txt }}", {{"text", "x"}, {"labels", {"a"}}}),
            "template:1: 'txt' is undefined; the names given are: text, labels");
}

TEST(PromptTemplate, FilesAreReadWithoutTheirLastLineEnd) {
  const auto file = std::filesystem::temp_directory_path() / "linnet_template_test.txt";
  write_file(file, "\xEF\xBB\xBFLine {{ text }}\n{% if labels %}\nyes\n{% endif %}\n\\n\n");
  const PromptTemplate prompt = PromptTemplate::parse(file.string());
  std::filesystem::remove(file);
  EXPECT_EQ(prompt.render({{"text", "x"}, {"labels", {"a"}}}), "Line x\nyes\n\\n");
  EXPECT_EQ(prompt.place(), file.string());
}

TEST(PromptTemplate, AnUnknownNameListsTheShippedNearestFirst) {
  EXPECT_THAT(error_of("code-langage", {}), HasSubstr("shipped are: code-language@1"));
  EXPECT_THAT(error_of("sentiment", {}), HasSubstr("shipped are: sentiment-tone@1"));
  EXPECT_THAT(error_of("sentiment-tone@9", {}), HasSubstr("no shipped template"));
  EXPECT_THAT(PromptTemplate::shipped_names(),
              testing::ElementsAre("answer-question@1", "code-above@1", "code-language@1", "review-sentiment@1",
                                   "sentiment-tone@1", "summarize@1", "summarize-words@1", "translate@1"));
}

}  // namespace
}  // namespace linnet
