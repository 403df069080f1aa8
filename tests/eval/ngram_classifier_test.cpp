#include "linnet/eval/ngram_classifier.h"

#include <gtest/gtest.h>

#include "tests/eval/fixture_cases.h"

namespace linnet {
namespace {

void expect_probabilities(const Json& row, NgramKind kind, const char* name, double tolerance) {
  const auto train = test::list_of<std::string>(row["train"]);
  const auto labels = test::list_of<std::int32_t>(row["classes"]);
  const auto classes = static_cast<std::size_t>(*std::max_element(labels.begin(), labels.end())) + 1;
  const NgramClassifier baseline = NgramClassifier::train(kind, train, labels, classes);
  for (std::size_t i = 0; i < row["texts"].size(); ++i) {
    const std::vector<double> found = baseline.probabilities(row["texts"][i].get<std::string>());
    ASSERT_EQ(found.size(), classes);
    for (std::size_t c = 0; c < classes; ++c)
      EXPECT_NEAR(found[c], row[name][i][c].get<double>(), tolerance) << name << " " << i << " " << c;
  }
}

TEST(NgramClassifier, IsScikitLearns) {
  for (const Json& row : test::metric_cases("baselines")) {
    expect_probabilities(row, NgramKind::kNaiveBayes, "naive_bayes", 1e-9);
    expect_probabilities(row, NgramKind::kLogistic, "logistic", 1e-4);
  }
}

TEST(NgramClassifier, WordsAreLowerCaseAndMarksAreWords) {
  EXPECT_EQ(ngram_words("It's GREAT!!"), (std::vector<std::string>{"it", "'", "s", "great", "!", "!"}));
}

TEST(NgramClassifier, ALabelWithoutTextsIsPossible) {
  for (const NgramKind kind : {NgramKind::kNaiveBayes, NgramKind::kLogistic}) {
    const std::vector<std::string> texts{"good fun", "bad"};
    const std::vector<std::int32_t> labels{0, 1};
    const auto p = NgramClassifier::train(kind, texts, labels, 3).probabilities("good fun");
    EXPECT_GT(p[0], p[1]);
    EXPECT_LT(p[2], p[0]);
    EXPECT_NEAR(p[0] + p[1] + p[2], 1, 1e-12);
  }
}

}  // namespace
}  // namespace linnet
