#include <gmock/gmock.h>

#include "linnet/base/rng.h"
#include "linnet/tokenizer/model.h"
#include "tests/tokenizer/reference.h"

namespace linnet {
namespace {

TEST(Unigram, IsTheReferences) { expect_models_agree("unigram"); }

// Two splits into the same pieces: rounding of the sums decides. Scores of t5-base; as in SentencePiece 0.1.97.
TEST(Unigram, TiesBreakAsInSentencePiece) {
  ScoredPieces pieces{.texts = {"<unk>", "▁", "!", "!!!!!"},
                      .scores = {0, -2.0122928619384766, -6.421379566192627, -12.307869911193848},
                      .kinds = {},
                      .unk = 0};
  pieces.float_sums = true;
  std::vector<ModelToken> tokens;
  make_unigram(pieces, "test")->tokenize("▁!!!!!!", tokens);
  ASSERT_EQ(tokens.size(), 3U);
  EXPECT_EQ(tokens[1].id, 3);
  EXPECT_EQ(tokens[2].id, 2);
}

// The best of all splits of a word, by trying every one.
double best_score(std::string_view word, const ScoredPieces& pieces, double unknown) {
  if (word.empty()) return 0;
  double best = -1e30;
  for (std::size_t i = 0; i < pieces.texts.size(); ++i)
    if (static_cast<std::int32_t>(i) != pieces.unk && word.starts_with(pieces.texts[i]))
      best = std::max(best, pieces.scores[i] + best_score(word.substr(pieces.texts[i].size()), pieces, unknown));
  return best > -1e29 ? best : unknown + best_score(word.substr(1), pieces, unknown);
}

TEST(Unigram, TheCutIsTheLikeliestOfAll) {
  Rng rng(8);
  for (int round = 0; round < 30; ++round) {
    ScoredPieces pieces{.texts = {"<unk>", "a", "b"}, .scores = {0, -3, -3.5}, .kinds = {}, .unk = 0};
    for (int i = 0; i < 10; ++i) {
      std::string text;
      for (std::uint64_t n = 2 + rng.below(3); n > 0; --n) text += static_cast<char>('a' + rng.below(2));
      if (std::find(pieces.texts.begin(), pieces.texts.end(), text) != pieces.texts.end()) continue;
      pieces.texts.push_back(text);
      pieces.scores.push_back(-2 - 6 * rng.uniform());
    }
    const TokenModelPtr model = make_unigram(pieces, "test");
    std::string word;
    for (int i = 0; i < 14; ++i) word += static_cast<char>('a' + rng.below(2));
    std::vector<ModelToken> tokens;
    model->tokenize(word, tokens);
    double sum = 0;
    std::uint32_t at = 0;
    for (const ModelToken& t : tokens) {
      EXPECT_EQ(t.begin, at);
      at = t.end;
      sum += pieces.scores[static_cast<std::size_t>(t.id)];
    }
    EXPECT_EQ(at, word.size());
    EXPECT_NEAR(sum, best_score(word, pieces, 0), 1e-9) << word;
  }
}

}  // namespace
}  // namespace linnet
