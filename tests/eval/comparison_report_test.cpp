#include "linnet/eval/comparison_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace linnet {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ComparisonReport, HoldsTableCurvesMistakesAndDifferences) {
  const Comparison comparison(
      {{"a <b>", ClassMetrics({2, {0, 1, 0, 1}, {0, 1, 0, 0}, {.9, .1, .2, .8, .7, .3, .6, .4}})},
       {"generated", ClassMetrics({2, {0, 1, 0, 1}, {0, -1, 1, 1}})}},
      {.resamples = 100});
  const std::vector<std::string> texts{"one", "<script>two</script>", "three", "four"};
  const std::string html = comparison_report({.title = "rows & co",
                                              .comparison = &comparison,
                                              .labels = {"neg", "p<os"},
                                              .facts = {{"texts", "4"}},
                                              .measured = {{"10", "1 MB"}, {"20", "2 MB"}},
                                              .text = [&](std::size_t i) { return texts[i]; }})
                               .text();
  for (const char* part :
       {"<h1>rows &amp; co</h1>", "a &lt;b&gt;", "p&lt;os", "Reliability", "Wrong answers by coverage", "Confusion",
        "Worst mistakes of row 1", "<td class='text'>four</td><td>p&lt;os</td><td>neg</td><td class='n'>0.600</td>",
        "Row 1 and row 2: 2 texts that only row 1 has right, 1 that only row 2 has",
        "&lt;script&gt;two&lt;/script&gt;</td><td>p&lt;os</td><td>p&lt;os</td><td>no label</td>", "2 MB",
        "prefers-color-scheme:dark"})
    EXPECT_THAT(html, HasSubstr(part));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("http")));
  EXPECT_THAT(html, Not(HasSubstr("nan")));
}

}  // namespace
}  // namespace linnet
