#include "linnet/prompt/exemplars.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "linnet/base/error.h"

namespace linnet {
namespace {

const PromptTemplate kPrompt = PromptTemplate::parse("{{ text }} is");
const Verbalizer kWords({"a", "b"});

std::vector<Exemplar> pool(int size) {
  std::vector<Exemplar> made;
  for (int i = 0; i < size; ++i) made.push_back({"t" + std::to_string(i), "", static_cast<std::size_t>(i % 4 == 0)});
  return made;
}

FewShotPrompt build(const Exemplars& exemplars, const std::string& text, std::size_t budget = 100'000) {
  return exemplars.build(kPrompt, kWords, {text}, Json::object(), budget,
                         [](const std::string& s) { return s.size(); });
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size()) ++n;
  return n;
}

TEST(Exemplars, AreTemplateWordAndABlankLine) {
  const Exemplars one({{"good", "", 1}}, 2, 1, 0);
  EXPECT_EQ(build(one, "new").text, "good is b\n\nnew is");
  EXPECT_EQ(build(one, "new").used, 1u);
}

TEST(Exemplars, AreBalancedByClass) {
  const auto made = build(Exemplars(pool(40), 2, 8, 3), "x");
  EXPECT_EQ(made.used, 8u);
  EXPECT_EQ(count(made.text, " is a\n\n"), 4u);
  EXPECT_EQ(count(made.text, " is b\n\n"), 4u);
}

TEST(Exemplars, AClassThatRunsOutIsFilledFromTheOther) {
  const auto made = build(Exemplars(pool(8), 2, 8, 3), "x");  // 2 of b, 6 of a
  EXPECT_EQ(made.used, 8u);
  EXPECT_EQ(count(made.text, " is b\n\n"), 2u);
}

TEST(Exemplars, TheSeedDecides) {
  const auto text = [](std::uint64_t seed) { return build(Exemplars(pool(40), 2, 6, seed), "x").text; };
  EXPECT_EQ(text(1), text(1));
  std::set<std::string> all;
  for (std::uint64_t seed = 0; seed < 10; ++seed) all.insert(text(seed));
  EXPECT_GT(all.size(), 8u);
}

TEST(Exemplars, ATextIsNeverItsOwnExemplar) {
  const Exemplars exemplars(pool(10), 2, 10, 5);
  for (int i = 0; i < 10; ++i) {
    const std::string text = "t" + std::to_string(i);
    const auto made = build(exemplars, text);
    EXPECT_EQ(made.used, 9u);
    EXPECT_EQ(count(made.text, text + " is"), 1u) << made.text;
  }
}

TEST(Exemplars, ThoseThatDoNotFitAreDroppedWhole) {
  const Exemplars exemplars(pool(10), 2, 10, 5);
  const auto all = build(exemplars, "question");
  ASSERT_EQ(all.used, 10u);
  for (std::size_t budget = 0; budget <= all.text.size(); ++budget) {
    const auto made = build(exemplars, "question", budget);
    EXPECT_EQ(made.used + made.dropped, 10u);
    EXPECT_EQ(count(made.text, "\n\n"), made.used);
    EXPECT_TRUE(made.text.ends_with("question is"));
    if (made.used > 0) {
      EXPECT_LE(made.text.size(), budget);
    }
  }
  EXPECT_EQ(build(exemplars, "question", all.text.size()).used, 10u);
  EXPECT_EQ(build(exemplars, "question", all.text.size() - 1).used, 9u);
}

// Every column of a file is a slot; an exemplar fills it from its own row, never from the question's.
TEST(Exemplars, FillTheSlotsFromTheirOwnColumns) {
  const auto prompt = PromptTemplate::parse("{{ title }}: {{ text }} {{ labels | join('/') }} is");
  const Exemplars one({{"good", "", 1, {{"title", "A"}, {"labels", "of the row"}}}}, 2, 1, 0);
  const Json shared{{"labels", kWords.labels()}};
  const auto size = [](const std::string& s) { return s.size(); };
  EXPECT_EQ(one.build(prompt, kWords, {"new", "", 0, {{"title", "B"}, {"text", "old"}}}, shared, 1000, size).text,
            "A: good a/b is b\n\nB: new a/b is");
  // A column that only the question has is an unknown slot for the exemplar.
  const Exemplars bare({{"good", "", 1}}, 2, 1, 0);
  EXPECT_THROW(bare.build(prompt, kWords, {"new", "", 0, {{"title", "B"}}}, shared, 1000, size), Error);
}

TEST(Exemplars, ALabelOutOfRangeIsRefused) { EXPECT_THROW(Exemplars({{"x", "", 2}}, 2, 1, 0), Error); }

}  // namespace
}  // namespace linnet
