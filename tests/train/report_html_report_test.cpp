#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "linnet/train/report/html_report.h"

namespace linnet {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(HtmlReport, HoldsCurvesMatrixAndMistakesAndNoForeignMarkup) {
  History history;
  for (int i = 1; i <= 5000; ++i) history.steps.push_back({i, i / 100.0, 1.0 / i, 1, 1e-5, 0});
  history.evals.push_back({5, 1, {{"eval_accuracy", 0.9}, {"eval_loss", 0.3}}});
  ReportInput input{.title = "<b>run</b>", .history = &history};
  input.labels = {"neg", "p<os"};
  input.judged = "test rows";
  const std::vector<Prediction> predictions{{0, 0, 0, 1}, {1, 0, 1, 1}, {2, 0, 0, 1}, {3, 1, 1, 1}};
  input.confusion.emplace(2, predictions);
  input.mistakes = {{"<script>alert(1)</script>", "neg", "p<os", 0.99}};
  const std::string html = html_report(input).text();
  EXPECT_THAT(html, HasSubstr("Learning rate"));
  EXPECT_THAT(html, HasSubstr("<h2>Confusion matrix of the test rows</h2>"));
  EXPECT_THAT(html, HasSubstr("<h2>Worst mistakes of the test rows</h2>"));
  EXPECT_THAT(html, HasSubstr("rgba(31,111,180,0.40)'>2</td>"));
  EXPECT_THAT(html, HasSubstr("p&lt;os"));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(html, Not(HasSubstr("<script>")));
  EXPECT_THAT(html, Not(HasSubstr("http")));
  EXPECT_LT(html.size(), 200'000u);
}

TEST(HtmlReport, EmptyRunIsStillAPage) {
  const History history;
  EXPECT_THAT(html_report({.title = "x", .history = &history}).text(), HasSubstr("</html>"));
}

}  // namespace
}  // namespace linnet
