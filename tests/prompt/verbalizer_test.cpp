#include "linnet/prompt/verbalizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "linnet/base/error.h"

namespace linnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string verbalizer_error(std::vector<std::string> labels, const std::vector<std::string>& specs) {
  try {
    Verbalizer::parse(std::move(labels), specs);
    return "fine";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalidArgument);
    return error.what();
  }
}

TEST(Verbalizer, DefaultWordIsABlankAndTheLabel) {
  const Verbalizer words({"positive", "C++"});
  EXPECT_THAT(words.words(0), ElementsAre(" positive"));
  EXPECT_THAT(words.words(1), ElementsAre(" C++"));
}

TEST(Verbalizer, WithoutALeadTheWordIsTheLabel) {
  const auto words = Verbalizer::parse({"positive", "C++"}, {"positive= good"}, LabelLead::kNothing);
  EXPECT_THAT(words.words(0), ElementsAre(" good"));
  EXPECT_THAT(words.words(1), ElementsAre("C++"));
}

TEST(Verbalizer, LeadingBlanksCountAndSeveralWordsStandForALabel) {
  const auto words = Verbalizer::parse({"neg", "pos", "other"}, {"neg= negative", "pos= positive,good, great "});
  EXPECT_THAT(words.words(0), ElementsAre(" negative"));
  EXPECT_THAT(words.words(1), ElementsAre(" positive", "good", " great "));
  EXPECT_THAT(words.words(2), ElementsAre(" other"));
  EXPECT_EQ(words.label(2), "other");
}

TEST(Verbalizer, EscapesAndLabelsWithEqualsSigns) {
  const auto words = Verbalizer::parse({"a=b", "a"}, {"a=b=x\\,y\\n", "a=\\\\"});
  EXPECT_THAT(words.words(0), ElementsAre("x,y\n"));
  EXPECT_THAT(words.words(1), ElementsAre("\\"));
}

TEST(Verbalizer, MistakesAreNamed) {
  EXPECT_THAT(verbalizer_error({"a", "b"}, {"c= x"}), HasSubstr("one of the labels a, b"));
  EXPECT_THAT(verbalizer_error({"a"}, {"a"}), HasSubstr("expected LABEL=word,word"));
  EXPECT_THAT(verbalizer_error({"a"}, {"a= x,,y"}), HasSubstr("word 2 is empty"));
  EXPECT_THAT(verbalizer_error({"a"}, {"a="}), HasSubstr("word 1 is empty"));
  EXPECT_THAT(verbalizer_error({"a"}, {"a=x", "a=y"}), HasSubstr("given twice"));
  EXPECT_THAT(verbalizer_error({"a"}, {"a=x,x"}), HasSubstr("'x' stands there twice"));
  EXPECT_THAT(verbalizer_error({"a", "b"}, {"a=x", "b=x"}), HasSubstr("stands for both 'a' and 'b'"));
  EXPECT_THAT(verbalizer_error({"a", "a"}, {}), HasSubstr("'a' stands there twice"));
  EXPECT_THAT(verbalizer_error({"a", ""}, {}), HasSubstr("label 2 is empty"));
}

}  // namespace
}  // namespace linnet
