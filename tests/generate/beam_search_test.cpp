#include "linnet/generate/beam_search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace linnet::generate {
namespace {

using Ids = std::vector<std::int32_t>;

// Log-probabilities over four tokens; the last one ends a text.
std::vector<float> table(const Ids& before) {
  const std::size_t last = before.empty() ? 3 : static_cast<std::size_t>(before.back());
  static const double rows[4][4] = {
      {0.1, 0.5, 0.1, 0.3}, {0.2, 0.1, 0.3, 0.4}, {0.25, 0.15, 0.5, 0.1}, {0.45, 0.4, 0.1, 0.05}};
  std::vector<float> row;
  for (const double p : rows[last]) row.push_back(static_cast<float>(std::log(p)));
  return row;
}

std::vector<ScoredSequence> run(BeamSearch search) {
  while (!search.done()) {
    for (std::size_t b = 0; b < search.texts(); ++b) search.add(b, table(search.beams()[b].ids));
    search.advance();
  }
  return search.best();
}

double logprob(const Ids& ids) {
  double sum = 0;
  for (std::size_t i = 0; i < ids.size(); ++i)
    sum += table({ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(i)})[static_cast<std::size_t>(ids[i])];
  return sum;
}

// With as many beams as there are texts, the search is exhaustive.
TEST(BeamSearch, ManyBeamsFindTheBestOfAllTexts) {
  std::multimap<double, Ids, std::greater<>> all;
  const auto grow = [&](auto&& self, const Ids& ids) -> void {
    if (ids.size() == 4 || (!ids.empty() && ids.back() == 3)) {
      all.emplace(logprob(ids) / static_cast<double>(ids.size()), ids);
      return;
    }
    for (std::int32_t t = 0; t < 4; ++t) {
      Ids next = ids;
      next.push_back(t);
      self(self, next);
    }
  };
  grow(grow, {});
  const auto found =
      run({{.num_beams = 128, .num_return_sequences = 3, .early_stopping = EarlyStopping::kNever}, {}, {3}, 4, 0});
  ASSERT_EQ(found.size(), 3u);
  auto wanted = all.begin();
  for (const ScoredSequence& s : found) {
    EXPECT_EQ(s.ids, wanted->second);
    EXPECT_NEAR(s.score, wanted->first, 1e-6);
    EXPECT_EQ(s.finish, s.ids.back() == 3 ? FinishReason::kStop : FinishReason::kLength);
    ++wanted;
  }
}

TEST(BeamSearch, TheLengthPenaltyIsAPowerOfTheNumberOfNewTokens) {
  for (const double penalty : {-2.0, 0.0, 1.0, 3.0})
    for (const ScoredSequence& s :
         run({{.num_beams = 3, .num_return_sequences = 3, .length_penalty = penalty}, {}, {3}, 6, 0}))
      EXPECT_NEAR(s.score, logprob(s.ids) / std::pow(static_cast<double>(s.ids.size()), penalty), 1e-5) << penalty;
}

TEST(BeamSearch, EarlyStoppingDecidesWhenBetterTextsArePossible) {
  const auto steps = [](EarlyStopping early, double penalty) {
    BeamSearch search({.num_beams = 2, .length_penalty = penalty, .early_stopping = early}, {}, {3}, 40, 0);
    for (; !search.done(); search.advance())
      for (std::size_t b = 0; b < search.texts(); ++b) search.add(b, table(search.beams()[b].ids));
    return search.step();
  };
  EXPECT_LT(steps(EarlyStopping::kYes, 4), 40);
  EXPECT_EQ(steps(EarlyStopping::kNo, 4), 40);  // longer texts are always better
  EXPECT_LE(steps(EarlyStopping::kYes, 0.5), steps(EarlyStopping::kNo, 0.5));
  EXPECT_LT(steps(EarlyStopping::kNo, 0.5), steps(EarlyStopping::kNever, 0.5));
}

// A beam of one step has a parent in the step before, and there is always the full number of them.
TEST(BeamSearch, BeamsContinueThoseOfTheStepBefore) {
  BeamSearch search({.num_beams = 3, .early_stopping = EarlyStopping::kNever}, {}, {3}, 5, 0);
  EXPECT_EQ(search.texts(), 1u);
  while (!search.done()) {
    const auto before = search.beams();
    for (std::size_t b = 0; b < search.texts(); ++b) search.add(b, table(before[b].ids));
    search.advance();
    if (search.done()) break;
    ASSERT_EQ(search.beams().size(), 3u);
    for (const BeamSearch::Beam& beam : search.beams()) {
      EXPECT_EQ(std::ssize(beam.ids), search.step());
      EXPECT_EQ(Ids(beam.ids.begin(), beam.ids.end() - 1), before[beam.parent].ids);
      EXPECT_NEAR(beam.score, logprob(beam.ids), 1e-5);
      EXPECT_NE(beam.ids.back(), 3);
    }
  }
}

// Two beams of the first step are two different tokens, drawn without replacement.
TEST(BeamSearch, SampledBeamsHaveTheProbabilitiesOfTheScores) {
  const std::vector<float> row = table({});
  std::vector<double> first(4);
  constexpr int kDraws = 20000;
  for (std::uint64_t seed = 0; seed < kDraws; ++seed) {
    BeamSearch search({.num_beams = 2}, {.do_sample = true}, {}, 1, seed);
    search.add(0, row);
    search.advance();
    const auto best = search.best();
    ++first[static_cast<std::size_t>(best[0].ids[0])];
  }
  // The better one of two without replacement is token t.
  for (std::size_t t = 0; t < 4; ++t) {
    const double p = std::exp(row[t]);
    double wanted = 0;
    for (std::size_t other = 0; other < 4; ++other) {
      const double q = std::exp(row[other]);
      if (row[other] < row[t]) wanted += p * q / (1 - p) + q * p / (1 - q);
    }
    EXPECT_NEAR(first[t] / kDraws, wanted, 0.015) << t;
  }
}

TEST(BeamSearch, AFewPossibleTokensAreFollowed) {
  BeamSearch search({.num_beams = 3, .num_return_sequences = 3}, {}, {2}, 3, 0);
  const std::vector<float> only{-INFINITY, 0, -INFINITY};
  while (!search.done()) {
    for (std::size_t b = 0; b < search.texts(); ++b) search.add(b, only);
    search.advance();
  }
  EXPECT_EQ(search.best()[0].ids, (Ids{1, 1, 1}));
  for (const BeamSearch::Beam& beam : search.beams()) EXPECT_LT(beam.parent, 3u);
}

TEST(BeamSearch, WithoutEndedTextsTheBestBeamIsTheResult) {
  BeamSearch search({.num_beams = 2}, {}, {3}, 9, 0);
  search.add(0, table({}));
  search.advance();
  ASSERT_EQ(search.best().size(), 1u);
  EXPECT_EQ(search.best()[0].ids, Ids{0});
}

}  // namespace
}  // namespace linnet::generate
