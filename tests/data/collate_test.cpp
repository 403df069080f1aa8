#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "linnet/base/error.h"
#include "linnet/data/collate/causal.h"
#include "linnet/data/collate/denoise.h"
#include "linnet/data/collate/masking.h"
#include "linnet/data/collate/next_sentence.h"

namespace linnet {
namespace {

using Ids = std::vector<std::int32_t>;
using testing::ElementsAre;

Ids ascending(std::size_t count, std::int32_t from = 1000) {
  Ids ids(count);
  std::iota(ids.begin(), ids.end(), from);
  return ids;
}

// The fractions over many tokens are within five standard deviations of the rule.
TEST(Masking, ChoosesFifteenPercentAndTreatsThem801010) {
  const std::size_t n = 200'000;
  const Ids ids(n, 7);
  std::vector<std::int32_t> words(n, 0);
  for (std::size_t i = 0; i < n; i += 10) words[i] = -1;
  Rng rng(1);
  const Masked made = mask_tokens(ids, words, {.mask_id = 3, .vocab_size = 1000}, rng);
  double chosen = 0, masked = 0, random = 0, kept = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (words[i] < 0) {
      ASSERT_EQ(made.ids[i], 7);
      ASSERT_EQ(made.labels[i], kIgnored);
    }
    if (made.labels[i] == kIgnored) {
      ASSERT_EQ(made.ids[i], 7);
      continue;
    }
    ASSERT_EQ(made.labels[i], 7);
    ++chosen;
    (made.ids[i] == 3 ? masked : made.ids[i] == 7 ? kept : random) += 1;
  }
  EXPECT_NEAR(chosen / (0.9 * n), 0.15, 0.005);
  EXPECT_NEAR(masked / chosen, 0.8, 0.012);
  EXPECT_NEAR(random / chosen, 0.1, 0.01);
  EXPECT_NEAR(kept / chosen, 0.1, 0.01);
}

TEST(Masking, RandomIdsCoverTheVocabulary) {
  const Ids ids(5000, 1);
  Rng rng(2);
  const Masked made =
      mask_tokens(ids, std::vector<std::int32_t>(5000, 0),
                  {.probability = 1, .mask_share = 0, .random_share = 1, .mask_id = 0, .vocab_size = 16}, rng);
  const std::set<std::int32_t> seen(made.ids.begin(), made.ids.end());
  EXPECT_EQ(seen.size(), 16u);
  EXPECT_EQ(*seen.rbegin(), 15);
}

TEST(Masking, EpochsDifferAndSeedsRepeat) {
  const Ids ids(500, 1);
  const std::vector<std::int32_t> words(500, 0);
  const auto draw = [&](std::uint64_t epoch) {
    Rng rng(9, epoch);
    return mask_tokens(ids, words, {.mask_id = 2, .vocab_size = 10}, rng).labels;
  };
  EXPECT_EQ(draw(0), draw(0));
  EXPECT_NE(draw(0), draw(1));
}

// "[CLS] play ##ing the piano ##s [SEP]": as in DataCollatorForLanguageModeling.
TEST(Masking, WordsComeFromOffsets) {
  const std::vector<std::pair<std::int64_t, std::int64_t>> offsets = {{0, 0},   {0, 4},   {4, 7}, {8, 11},
                                                                      {12, 17}, {17, 18}, {0, 0}};
  const std::vector<std::int32_t> special = {1, 0, 0, 0, 0, 0, 1};
  EXPECT_THAT(word_numbers(offsets, special), ElementsAre(-1, 0, 0, 1, 2, 2, -1));
}

TEST(Masking, WholeWordsAreMaskedTogether) {
  const std::size_t n = 60'000;
  const Ids ids = ascending(n, 100);
  std::vector<std::int32_t> words(n);
  for (std::size_t i = 0; i < n; ++i) words[i] = static_cast<std::int32_t>(i / 3);
  Rng rng(4);
  const Masked made = mask_tokens(ids, words, {.unit = MaskUnit::kWord, .mask_id = 1, .vocab_size = 100'000}, rng);
  double chosen = 0;
  for (std::size_t w = 0; w < n / 3; ++w) {
    const bool first = made.labels[3 * w] != kIgnored;
    chosen += first;
    for (std::size_t i = 3 * w; i < 3 * w + 3; ++i) {
      ASSERT_EQ(made.labels[i] != kIgnored, first);
      ASSERT_EQ(made.ids[i], first ? 1 : ids[i]);
    }
  }
  EXPECT_NEAR(chosen / (n / 3.0), 0.15, 0.013);
}

TEST(Masking, WrongOptionsAreRefused) {
  Rng rng(0);
  const Ids ids(3, 1);
  const std::vector<std::int32_t> words(3, 0);
  EXPECT_THROW(mask_tokens(ids, words, {.mask_id = -1, .vocab_size = 5}, rng), Error);
  EXPECT_THROW(mask_tokens(ids, words, {.mask_id = 5, .vocab_size = 5}, rng), Error);
  EXPECT_THROW(mask_tokens(ids, std::vector<std::int32_t>(2, 0), {.mask_id = 1, .vocab_size = 5}, rng), Error);
  EXPECT_THROW(mask_tokens(ids, words, {.probability = 1.5, .mask_id = 1, .vocab_size = 5}, rng), Error);
}

// 0 means that the second sentence is the next.
TEST(NextSentence, ZeroIsNextAndHalfAreRandom) {
  const std::vector<std::size_t> documents(200, 20);
  Rng rng(3);
  const auto pairs = next_sentence_pairs(documents, rng);
  EXPECT_EQ(pairs.size(), 200u * 19);
  double next = 0;
  for (const SentencePair& pair : pairs) {
    const bool follows = pair.second == Sentence{pair.first.document, pair.first.index + 1};
    ASSERT_EQ(pair.label == 0, follows);
    if (!follows) {
      ASSERT_NE(pair.second.document, pair.first.document);
      ASSERT_LT(pair.second.index, 20u);
    }
    next += follows;
  }
  EXPECT_NEAR(next / static_cast<double>(pairs.size()), 0.5, 0.04);
}

TEST(NextSentence, OneDocumentGivesSentencesFromElsewhereInIt) {
  Rng rng(3);
  std::set<std::size_t> seconds;
  for (int i = 0; i < 200; ++i)
    for (const SentencePair& pair : next_sentence_pairs(std::vector<std::size_t>{4}, rng)) {
      if (pair.label == kIsNext) continue;
      ASSERT_NE(pair.second.index, pair.first.index);
      ASSERT_NE(pair.second.index, pair.first.index + 1);
      if (pair.first.index == 1) seconds.insert(pair.second.index);
    }
  EXPECT_THAT(seconds, ElementsAre(0, 3));
  EXPECT_THROW(for (int i = 0; i < 50; ++i) next_sentence_pairs(std::vector<std::size_t>{2}, rng), Error);
}

TEST(NextSentence, SplitsTextsIntoSentences) {
  EXPECT_THAT(split_sentences("One. Two! \"Three?\" Four 3.5 e.g\nFive"),
              ElementsAre("One. ", "Two! ", "\"Three?\" ", "Four 3.5 e.g\n", "Five"));
  EXPECT_THAT(split_sentences("Wait\u2026 what?"), ElementsAre("Wait\u2026 ", "what?"));
  EXPECT_THAT(split_sentences(""), ElementsAre());
}

// Restores the text from the source and target of a T5 example.
Ids restored(const Denoised& made, const Ids& sentinels) {
  Ids out;
  for (const std::int32_t id : made.source) {
    const auto sentinel = std::find(sentinels.begin(), sentinels.end(), id);
    if (sentinel == sentinels.end()) {
      out.push_back(id);
      continue;
    }
    auto at = std::find(made.target.begin(), made.target.end(), id);
    for (++at; at != made.target.end() && std::find(sentinels.begin(), sentinels.end(), *at) == sentinels.end(); ++at)
      out.push_back(*at);
  }
  return out;
}

TEST(CorruptSpans, CountsAreT5s) {
  const Ids sentinels = ascending(100, 1);
  for (const std::size_t n : {2u, 3u, 10u, 114u, 512u}) {
    Rng rng(n);
    const Ids ids = ascending(n);
    const Denoised made = corrupt_spans(ids, {.sentinels = sentinels}, rng);
    // round(0.15 n) tokens in round(that / 3) spans: 512 -> 77 in 26.
    const auto noise =
        std::clamp<std::size_t>(static_cast<std::size_t>(std::nearbyint(0.15 * static_cast<double>(n))), 1, n - 1);
    const auto spans =
        std::max<std::size_t>(1, static_cast<std::size_t>(std::nearbyint(static_cast<double>(noise) / 3)));
    EXPECT_EQ(made.source.size(), n - noise + spans);
    EXPECT_EQ(made.target.size(), noise + spans);
    EXPECT_EQ(restored(made, sentinels), ids);
    EXPECT_EQ(made.source[0], ids[0]);                    // text first
    EXPECT_EQ(made.source.back(), sentinels[spans - 1]);  // a span last
    EXPECT_EQ(made.target[0], sentinels[0]);
  }
}

TEST(CorruptSpans, EveryTokenIsAskedForAlikeAndTheEndTokenCloses) {
  const Ids sentinels = ascending(100, 1), ids = ascending(100);
  std::map<std::int32_t, int> asked;
  Rng rng(5);
  for (int i = 0; i < 2000; ++i) {
    const Denoised made = corrupt_spans(ids, {.sentinels = sentinels, .eos_id = 0}, rng);
    ASSERT_EQ(made.source.back(), 0);
    ASSERT_EQ(made.target.back(), 0);
    for (const std::int32_t id : made.target) ++asked[id];
  }
  for (std::int32_t id = 1020; id < 1080; ++id) EXPECT_NEAR(asked[id], 300, 100) << id;  // away from the ends
}

TEST(CorruptSpans, ShortTextsAndFewSentinels) {
  Rng rng(6);
  const Denoised one = corrupt_spans(Ids{9}, {.sentinels = {1}}, rng);
  EXPECT_THAT(one.source, ElementsAre(1));
  EXPECT_THAT(one.target, ElementsAre(1, 9));
  EXPECT_TRUE(corrupt_spans(Ids{}, {.sentinels = {1}}, rng).source.empty());
  const Ids ids = ascending(500), few = {1, 2};
  EXPECT_EQ(restored(corrupt_spans(ids, {.sentinels = few}, rng), few), ids);
  const Ids many = ascending(400, 1);
  EXPECT_EQ(restored(corrupt_spans(ids, {.density = 0.9, .mean_span = 1, .sentinels = many}, rng), many), ids);
  EXPECT_THROW(corrupt_spans(ids, {}, rng), Error);
}

TEST(Poisson, HasItsMeanAndVariance) {
  Rng rng(8);
  double sum = 0, squares = 0;
  const int n = 100'000;
  for (int i = 0; i < n; ++i) {
    const auto v = static_cast<double>(poisson(3, rng));
    sum += v;
    squares += v * v;
  }
  EXPECT_NEAR(sum / n, 3, 0.03);
  EXPECT_NEAR(squares / n - (sum / n) * (sum / n), 3, 0.08);
  EXPECT_EQ(poisson(0, rng), 0u);
}

TEST(Infill, ThirtyPercentGoInSpansOfOneMaskEach) {
  const std::int32_t mask = 1;
  Rng rng(9);
  double masks = 0;
  for (int i = 0; i < 500; ++i) {
    const Ids ids = ascending(200), made = infill(ids, {.mask_id = mask}, rng);
    const auto count = std::count(made.begin(), made.end(), mask);
    masks += static_cast<double>(count);
    ASSERT_EQ(static_cast<std::size_t>(static_cast<std::ptrdiff_t>(made.size()) - count), 140u);  // 60 are deleted
    Ids rest = made;
    std::erase(rest, mask);
    ASSERT_TRUE(std::is_sorted(rest.begin(), rest.end()));
  }
  // 60 tokens in spans of mean 3, empty ones included: about 20.5 (the last is truncated).
  EXPECT_NEAR(masks / 500, 20.5, 1.0);
}

TEST(Infill, EdgesHold) {
  Rng rng(10);
  EXPECT_TRUE(infill(Ids{}, {.mask_id = 1}, rng).empty());
  for (int i = 0; i < 100; ++i) {
    const Ids all = infill(ascending(20), {.share = 1, .mask_id = 1}, rng);
    EXPECT_EQ(std::count(all.begin(), all.end(), 1), static_cast<std::ptrdiff_t>(all.size()));
    EXPECT_GE(all.size(), 1u);
  }
  EXPECT_EQ(infill(ascending(20), {.share = 0, .mask_id = 1}, rng), ascending(20));
  EXPECT_THROW(infill(ascending(3), {}, rng), Error);
}

TEST(PermuteSentences, MovesWholeSentences) {
  const Ids ids = {1, 1, 2, 3, 3, 3};
  const std::vector<std::size_t> starts = {0, 2, 3};
  std::map<Ids, int> seen;
  Rng rng(11);
  for (int i = 0; i < 6000; ++i) ++seen[permute_sentences(ids, starts, rng)];
  EXPECT_EQ(seen.size(), 6u);
  for (const auto& [order, count] : seen) EXPECT_NEAR(count, 1000, 150);
  EXPECT_TRUE(seen.contains(Ids{3, 3, 3, 2, 1, 1}));
  EXPECT_THROW(permute_sentences(ids, std::vector<std::size_t>{1}, rng), Error);
  EXPECT_THROW(permute_sentences(ids, std::vector<std::size_t>{0, 9}, rng), Error);
}

TEST(DeleteTokens, KeepsOrderAndAtLeastOne) {
  Rng rng(12);
  const Ids ids = ascending(10'000), made = delete_tokens(ids, 0.15, rng);
  EXPECT_NEAR(static_cast<double>(made.size()), 8500, 180);
  EXPECT_TRUE(std::is_sorted(made.begin(), made.end()));
  EXPECT_EQ(delete_tokens(ascending(5), 1, rng).size(), 1u);
  EXPECT_EQ(delete_tokens(ids, 0, rng), ids);
  EXPECT_THROW(delete_tokens(ids, -0.1, rng), Error);
}

TEST(ReplaceTokens, ReplacesTheShareInPlace) {
  Rng rng(13);
  const Ids ids(10'000, 50'000), made = replace_tokens(ids, 0.15, 1000, rng);
  ASSERT_EQ(made.size(), ids.size());
  EXPECT_NEAR(static_cast<double>(std::count_if(made.begin(), made.end(), [](auto id) { return id < 1000; })), 1500,
              180);
  EXPECT_THROW(replace_tokens(ids, 0.1, 0, rng), Error);
}

TEST(Causal, OnlyTheCompletionIsLearned) {
  const Ids prompt = {1, 2, 3}, completion = {4, 5};
  const CausalExample made = completion_example(prompt, completion, {.eos_id = 9});
  EXPECT_THAT(made.ids, ElementsAre(1, 2, 3, 4, 5, 9));
  EXPECT_THAT(made.labels, ElementsAre(-100, -100, -100, 4, 5, 9));
  EXPECT_THAT(completion_example(prompt, completion, {.prompt = PromptLoss::kCounted}).labels,
              ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(completion_example(prompt, completion, {.eos_id = 9, .max_length = 4}).ids, ElementsAre(3, 4, 5, 9));
  EXPECT_THAT(completion_example(prompt, completion, {.eos_id = 9, .max_length = 2}).ids, ElementsAre(4, 9));
  EXPECT_THROW(completion_example(prompt, completion, {.eos_id = 9, .max_length = 1}), Error);
}

TEST(Causal, BlocksHoldTheTextsInOrder) {
  const std::vector<Ids> texts = {{1, 2, 3}, {}, {4}, {5, 6}};
  EXPECT_THAT(pack_blocks(texts, 4, 9), ElementsAre(Ids{1, 2, 3, 9}, Ids{4, 9, 5, 6}, Ids{9}));
  EXPECT_THAT(pack_blocks(texts, 4, -1), ElementsAre(Ids{1, 2, 3, 4}, Ids{5, 6}));
  EXPECT_TRUE(pack_blocks({}, 4, 9).empty());
  EXPECT_THROW(pack_blocks(texts, 0, 9), Error);
}

}  // namespace
}  // namespace linnet
