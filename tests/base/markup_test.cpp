#include "linnet/base/markup.h"

#include <gtest/gtest.h>

namespace linnet {
namespace {

static_assert(!std::is_convertible_v<std::string, Html>, "foreign text becomes markup by escaping alone");
static_assert(!std::is_convertible_v<Printable, Html>, "what is safe in a terminal is not safe in a page");
static_assert(!std::is_convertible_v<Html, Markdown>);

TEST(Markup, HtmlIsEscaped) {
  const std::string label = "<b title='x\"'>&\x1b\u202e\u0000";
  EXPECT_EQ(format_markup<Html>("<td>{}</td>", label).text(),
            "<td>&lt;b title=&#39;x&quot;&#39;&gt;&amp;\\x1b\\xe2\\x80\\xae</td>");
  EXPECT_EQ(format_markup<Html>("{}{}{}", Html(label), "<i>", 3).text(), Html(label).text() + "<i>3");
  EXPECT_EQ(Html(std::string("a\n\tb")).text(), "a  b");
}

TEST(Markup, MarkdownIsEscaped) {
  const auto shown = [](std::string_view text) { return Markdown(text).text(); };
  EXPECT_EQ(shown("eval_accuracy 0.5 (a-b)"), "eval_accuracy 0.5 (a-b)");
  EXPECT_EQ(shown("_a_ | `b` [c](d) <e> # f"), "\\_a\\_ \\| \\`b\\` \\[c\\](d) \\<e\\> \\# f");
  EXPECT_EQ(shown("https://x www.y a@b"), "https\\://x www\\.y a\\@b");
  EXPECT_EQ(shown("- a"), "\\- a");
  EXPECT_EQ(shown("a\n\n# b\u202e"), "a  \\# b\\\\xe2\\\\x80\\\\xae");
}

}  // namespace
}  // namespace linnet
