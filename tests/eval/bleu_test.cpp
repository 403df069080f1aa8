#include "linnet/eval/bleu.h"

#include <gtest/gtest.h>

#include "tests/eval/fixture_cases.h"

namespace linnet {
namespace {

TEST(Bleu, AndChrfAreThoseOfSacrebleu) {
  for (const Json& row : test::metric_cases("translations")) {
    const auto predicted = test::list_of<std::string>(row["predicted"]);
    const auto references = test::lists_of<std::string>(row["references"]);
    test::expect_value(corpus_bleu(predicted, references), row["bleu"], "bleu " + row.dump());
    test::expect_value(corpus_chrf(predicted, references), row["chrf"], "chrf " + row.dump());
  }
}

TEST(Bleu, TokensAreThoseOf13a) {
  EXPECT_EQ(tokens_13a("It's 3.5-4, ok..."),
            (std::vector<std::string>{"It's", "3.5", "-", "4", ",", "ok", ".", ".", "."}));
}

}  // namespace
}  // namespace linnet
