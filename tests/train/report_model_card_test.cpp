#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "linnet/train/report/model_card.h"

namespace linnet {
namespace {

using testing::HasSubstr;

TEST(ModelCard, SaysDataMetricsBaseAndLicence) {
  ModelCard card{.name = "sentiment", .base = "org/base", .licence = "bigscience-bloom-rail-1.0"};
  card.labels = {"neg", "pos"};
  card.data = {{"rows", "320"}};
  card.metrics = {{"accuracy", "0.97"}};
  const std::string text = model_card(card).text();
  EXPECT_TRUE(text.starts_with("---\nlicense: \"bigscience-bloom-rail-1.0\"\n"));
  EXPECT_THAT(text, HasSubstr("base_model: \"org/base\""));
  EXPECT_THAT(text, HasSubstr("| accuracy | 0.97 |"));
  EXPECT_THAT(text, HasSubstr("\n- pos\n"));
  EXPECT_THAT(text, HasSubstr("measure again on yours.\n"));
  card.measure = "linnet classify";
  EXPECT_THAT(model_card(card).text(), HasSubstr("measure again on yours: `linnet classify`.\n"));
}

TEST(ModelCard, NamesCannotBreakTheHead) {
  const std::string text = model_card({.name = "x", .base = "a\n---\nlicense: mit"}).text();
  EXPECT_THAT(text, HasSubstr("base_model: \"a\\\\x0a---\\\\x0alicense: mit\"\n"));
  EXPECT_THAT(text, HasSubstr("not stated"));
}

// Markup, escape codes and direction marks of labels, names and warnings.
TEST(ModelCard, ForeignTextIsShownNotObeyed) {
  const std::string evil = "<script>x</script> [a](http://b) `c` **d** | e \x1b[31m \u202e \n# f";
  ModelCard card{.name = evil, .base = evil, .licence = evil};
  card.labels = {evil};
  card.data = card.training = card.metrics = {{evil, evil}};
  card.warnings = {evil};
  const std::string text = model_card(card).text();
  EXPECT_EQ(text.find('\x1b'), text.npos);
  EXPECT_EQ(text.find("\u202e"), text.npos);
  EXPECT_EQ(text.find("\n# f"), text.npos);
  std::size_t shown = 0;
  for (std::size_t at = text.find("\n---\n\n"); (at = text.find("script", at + 1)) != text.npos;) {
    EXPECT_TRUE(text[at - 1] == '/' || text.compare(at - 2, 2, "\\<") == 0) << text.substr(at - 5, 20);
    ++shown;
  }
  EXPECT_EQ(shown, 2u * 11);
  EXPECT_THAT(text, HasSubstr("\\[a\\](http\\://b) \\`c\\` \\*\\*d\\*\\* \\| e"));
}

}  // namespace
}  // namespace linnet
