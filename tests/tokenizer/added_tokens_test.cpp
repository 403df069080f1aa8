#include "linnet/tokenizer/added_tokens.h"

#include <gmock/gmock.h>

#include "tests/tokenizer/reference.h"

namespace linnet {
namespace {

using Stage = AddedTokens::Stage;
using Cut = std::pair<std::string, std::int32_t>;

std::vector<Cut> cuts(const AddedTokens& added, std::string_view text, SpecialText special = SpecialText::kParse) {
  std::vector<Cut> out;
  for (const AddedTokens::Match& m : added.split(text, Stage::kRaw, special))
    out.emplace_back(text.substr(m.span.begin, m.span.end - m.span.begin), m.id);
  return out;
}

TEST(AddedTokens, AreFoundAsTheReferenceFindsThem) { expect_models_agree("added"); }

TEST(AddedTokens, TakeTheBlanksTheyAreAllowedTo) {
  AddedTokens added;
  added.add({.content = "<m>", .lstrip = true, .rstrip = true}, 7, "<m>");
  added.add({.content = "<n>"}, 8, "<n>");
  EXPECT_THAT(cuts(added, "a \t<m>  b <n> c"),
              ::testing::ElementsAre(Cut("a", -1), Cut(" \t<m>  ", 7), Cut("b ", -1), Cut("<n>", 8), Cut(" c", -1)));
  EXPECT_THAT(cuts(added, ""), ::testing::IsEmpty());
  EXPECT_THAT(cuts(added, "<m><n>"), ::testing::ElementsAre(Cut("<m>", 7), Cut("<n>", 8)));
}

TEST(AddedTokens, SingleWordsStandAlone) {
  AddedTokens added;
  added.add({.content = "cat", .single_word = true}, 5, "cat");
  EXPECT_THAT(cuts(added, "cat"), ::testing::ElementsAre(Cut("cat", 5)));
  EXPECT_THAT(cuts(added, "a cat, b"), ::testing::ElementsAre(Cut("a ", -1), Cut("cat", 5), Cut(", b", -1)));
  for (const char* text : {"cats", "bobcat", "_cat", "cat1", "écat"})
    EXPECT_THAT(cuts(added, text), ::testing::ElementsAre(Cut(text, -1)));
}

TEST(AddedTokens, SpecialTextIsTextWhereUsersTypedIt) {
  AddedTokens added;
  added.add({.content = "</s>", .special = true}, 2, "</s>");
  added.add({.content = "<own>"}, 3, "<own>");
  EXPECT_THAT(cuts(added, "a</s><own>", SpecialText::kPlain),
              ::testing::ElementsAre(Cut("a</s>", -1), Cut("<own>", 3)));
  EXPECT_TRUE(added.is_special_text("</s>"));
  EXPECT_FALSE(added.is_special_text("<own>"));
}

TEST(AddedTokens, AreKnownByTextAndId) {
  AddedTokens added;
  EXPECT_EQ(added.max_id(), -1);
  added.add({.content = "x", .special = true}, 9, "x");
  EXPECT_EQ(added.find("x"), 9);
  EXPECT_EQ(added.find("y"), -1);
  EXPECT_EQ(added.token(9)->content, "x");
  EXPECT_EQ(added.token(8), nullptr);
  EXPECT_EQ(added.max_id(), 9);
  EXPECT_TRUE(added.any(Stage::kRaw));
  EXPECT_FALSE(added.any(Stage::kNormalized));
}

}  // namespace
}  // namespace linnet
