#include "linnet/eval/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace linnet {
namespace {

using testing::HasSubstr;

TEST(Page, AChartHasAllItsCurves) {
  const std::string svg =
      chart("T <1>", {{"a", chart_colour(0), {{0, 1}, {10, 3}}}, {"b", chart_colour(1), {{5, 2}}}}).text();
  EXPECT_THAT(svg, HasSubstr("<h2>T &lt;1&gt;</h2>"));
  EXPECT_THAT(svg, HasSubstr("points='70.0,230.0 880.0,20.0 '"));
  EXPECT_THAT(svg, HasSubstr("points='475.0,125.0 '"));
  EXPECT_NE(chart_colour(0), chart_colour(1));
}

TEST(Page, TheAxesOfAUnitSquareAreFixed) {
  const std::string svg = chart("T", {{"a", "#000", {{0.5, 0.5}}}}, {.unit_square = true, .x_name = "x<"}).text();
  EXPECT_THAT(svg, HasSubstr("points='475.0,210.0 '"));
  EXPECT_THAT(svg, HasSubstr(">x&lt;</text>"));
}

TEST(Page, NoPointsNoChart) { EXPECT_EQ(chart("T", {{"a", "#000", {}}}).text(), ""); }

TEST(Page, AMatrixShowsAnswersThatAreNoLabel) {
  Confusion confusion(2);
  confusion.add(0, 0);
  confusion.add(0, -1);
  const std::string html = confusion_table(confusion, {"a&b", "c"}).text();
  EXPECT_THAT(html, HasSubstr("<th>a&amp;b</th><th>c</th><th>no label</th>"));
  EXPECT_THAT(html, HasSubstr("rgba(31,111,180,0.30)'>1</td>"));
}

TEST(Page, IsAWholeDocument) {
  const std::string html = page("A & B", "<p>x</p>").text();
  EXPECT_THAT(html, testing::StartsWith("<!doctype html>"));
  EXPECT_THAT(html, HasSubstr("<title>A &amp; B</title>"));
  EXPECT_THAT(html, testing::EndsWith("<p>x</p></body></html>\n"));
}

}  // namespace
}  // namespace linnet
