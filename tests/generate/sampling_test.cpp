#include "linnet/generate/sampling.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "linnet/base/json.h"

namespace linnet::generate {
namespace {

using Ids = std::vector<std::int32_t>;

// tools/fixtures/sampling.py: results of Transformers' processors and warpers for these logits.
const Json& reference() {
  static const Json json = read_json(LINNET_SOURCE_DIR "/tests/fixtures/sampling.json");
  return json;
}
std::vector<float> scores() { return reference()["scores"].get<std::vector<float>>(); }
Ids seen() { return reference()["seen"].get<Ids>(); }

SamplingOptions options_of(const Json& json) {
  SamplingOptions o;
  o.temperature = json.value("temperature", 1.0F);
  o.top_k = json.value("top_k", 0);
  o.top_p = json.value("top_p", 1.0F);
  o.min_p = json.value("min_p", 0.0F);
  o.typical_p = json.value("typical_p", 1.0F);
  o.repetition_penalty = json.value("repetition_penalty", 1.0F);
  o.no_repeat_ngram_size = json.value("no_repeat_ngram_size", 0);
  o.suppress_tokens = json.value("suppress_tokens", Ids{});
  o.begin_suppress_tokens = json.value("begin_suppress_tokens", Ids{});
  return o;
}

// Samples from the reference's probabilities: most likely first, with the sampler's own random stream.
std::int32_t draw(std::vector<std::pair<double, std::int32_t>> kept, double u, bool* near_a_border) {
  std::sort(kept.begin(), kept.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  for (const auto& [p, id] : kept) {
    *near_a_border = *near_a_border || std::abs(u - p) < 1e-5;
    if ((u -= p) < 0) return id;
  }
  return kept.back().second;
}

TEST(Sampling, WarpersKeepWhatTransformersKeepsWithItsProbabilities) {
  for (const Json& c : reference()["sampled"]) {
    std::vector<std::pair<double, std::int32_t>> kept;
    for (std::size_t i = 0; i < c["kept"].size(); ++i) kept.emplace_back(c["probabilities"][i], c["kept"][i]);
    SamplingOptions options = options_of(c["options"]);
    options.do_sample = true;
    std::set<std::int32_t> drawn;
    int compared = 0;
    for (std::uint64_t seed = 0; seed < 3000; ++seed) {
      auto row = scores();
      const std::int32_t id = Sampler(options, seed).choose(row, {.seen = seen()});
      bool near_a_border = false;
      const std::int32_t wanted = draw(kept, Rng(seed).uniform(), &near_a_border);
      drawn.insert(id);
      if (near_a_border) continue;
      ++compared;
      ASSERT_EQ(id, wanted) << dump_json(c["options"]) << ", seed " << seed;
    }
    EXPECT_GT(compared, 2900);
    for (const auto& [p, id] : kept)
      EXPECT_TRUE(p < 0.005 || drawn.contains(id)) << dump_json(c["options"]) << ": " << id;
  }
}

TEST(Sampling, ProcessorsChangeTheScoresAsTransformersDoes) {
  for (const Json& c : reference()["processed"]) {
    auto row = scores();
    const std::int32_t id = Sampler(options_of(c["options"]), 0).choose(row, {.seen = seen(), .first = true});
    std::vector<float> wanted;
    for (const Json& v : c["scores"]) wanted.push_back(v.is_null() ? -INFINITY : v.get<float>());
    for (std::size_t i = 0; i < row.size(); ++i)
      EXPECT_FLOAT_EQ(row[i], wanted[i]) << dump_json(c["options"]) << ", id " << i;
    EXPECT_EQ(id, argmax(wanted)) << dump_json(c["options"]);
  }
}

TEST(Sampling, GreedyLooksAtNoSamplingField) {
  SamplingOptions options{.temperature = 0.01F, .top_k = 3, .top_p = 0.1F, .min_p = 0.9F, .typical_p = 0.01F};
  auto row = scores();
  const std::int32_t best = argmax(row);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    auto own = row;
    EXPECT_EQ(Sampler(options, seed).choose(own, {}), best);
  }
}

TEST(Sampling, BeginSuppressionIsForTheFirstTokenOnly) {
  std::vector<float> row{1, 5, 3};
  const SamplingOptions options{.begin_suppress_tokens = {1}};
  auto first = row, later = row;
  EXPECT_EQ(Sampler(options, 0).choose(first, {.first = true}), 2);
  EXPECT_EQ(Sampler(options, 0).choose(later, {}), 1);
}

TEST(Sampling, ForbiddenIdsDoNotComeAndIdsOutsideAreIgnored) {
  const Ids forbidden{1, 2, -3, 99};
  for (const bool sample : {false, true}) {
    std::vector<float> row{1, 5, 3};
    EXPECT_EQ(Sampler({.do_sample = sample}, 7).choose(row, {.forbidden = forbidden}), 0);
  }
}

TEST(Sampling, ForcedIdsAreTheOnlyOnesUnlessTheyAreSuppressed) {
  const Ids forced{1, 2};
  std::vector<float> row{9, 1, 5, 3};
  process(row, {.suppress_tokens = {2}}, {.forbidden = forced, .forced = forced});
  EXPECT_EQ(row, (std::vector<float>{-INFINITY, 0, -INFINITY, -INFINITY}));
}

// `min_tokens_to_keep` of Transformers.
TEST(Sampling, EveryWarperKeepsTheLeastNumberOfTokens) {
  const std::vector<float> row{1, 9, 2, 8, -INFINITY, 7};
  for (const SamplingOptions& o :
       {SamplingOptions{.top_k = 1}, {.top_p = 0.1F}, {.min_p = 0.9F}, {.typical_p = 0.01F}}) {
    EXPECT_EQ(candidates(row, o).size(), 1u);
    const auto kept = candidates(row, o, 3);
    ASSERT_EQ(kept.size(), 3u);
    EXPECT_EQ(kept[0].id, 1);
    EXPECT_EQ(candidates(row, o, 9).size(), 5u);
  }
}

TEST(Sampling, BadWordsDoNotFollowTheirBeginning) {
  const auto choose = [](std::vector<std::int32_t> seen) {
    Sampler sampler({.bad_words = {{3}, {7, 2}}}, 0);
    std::vector<float> scores{0, 1, 5, 9};
    return sampler.choose(scores, {.seen = seen});
  };
  EXPECT_EQ(choose({1, 6}), 2);
  EXPECT_EQ(choose({6, 7}), 1);
  EXPECT_EQ(choose({}), 2);
}

TEST(Sampling, TheSameSeedDrawsTheSameTokens) {
  const auto run = [&](std::uint64_t seed) {
    Sampler sampler({.do_sample = true}, seed);
    Ids ids;
    for (int i = 0; i < 50; ++i) {
      auto row = scores();
      ids.push_back(sampler.choose(row, {}));
    }
    return ids;
  };
  EXPECT_EQ(run(3), run(3));
  EXPECT_NE(run(3), run(4));
}

TEST(Sampling, ArgmaxTakesTheFirstOfEquals) { EXPECT_EQ(argmax(std::vector<float>{1, 4, 4, 2}), 1); }

}  // namespace
}  // namespace linnet::generate
