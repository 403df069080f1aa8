// SentencePiece's BPE; tokenizer.golden_test has the results of a real model.
#include <gmock/gmock.h>

#include "linnet/base/rng.h"
#include "linnet/tokenizer/model.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

using ::testing::ElementsAre;

ScoredPieces pieces(std::vector<std::pair<std::string, double>> list) {
  ScoredPieces p;
  for (auto& [text, score] : list) {
    p.texts.push_back(text), p.scores.push_back(score);
    p.kinds.push_back(text == "<unk>"           ? PieceKind::kUnknown
                      : text == "USER"          ? PieceKind::kUserDefined
                      : text.starts_with("<0x") ? PieceKind::kByte
                                                : PieceKind::kNormal);
  }
  p.unk = 0;
  return p;
}

std::vector<std::string> texts(const TokenModel& model, std::string_view word) {
  std::vector<ModelToken> tokens;
  model.tokenize(word, tokens);
  std::vector<std::string> out;
  std::uint32_t at = 0;
  for (const ModelToken& t : tokens) {
    EXPECT_EQ(t.begin, at);
    at = t.end;
    out.emplace_back(*model.vocabulary().text(t.id));
  }
  EXPECT_EQ(at, word.size());
  return out;
}

const std::vector<std::pair<std::string, double>> kSome{{"<unk>", 0}, {"▁", -9},  {"a", -9},   {"b", -9},  {"c", -9},
                                                        {"ab", -1},   {"bc", -2}, {"abc", -3}, {"▁a", -4}, {"USER", 0}};

TEST(ScoredBpe, TheHighestScoreMergesFirst) {
  const TokenModelPtr model = make_scored_bpe(pieces(kSome), "test");
  EXPECT_THAT(texts(*model, "abc"), ElementsAre("abc"));  // ab, then abc
  EXPECT_THAT(texts(*model, "bcab"), ElementsAre("bc", "ab"));
  EXPECT_THAT(texts(*model, "▁abc"), ElementsAre("▁", "abc"));  // ab takes precedence over ▁a
  EXPECT_THAT(texts(*model, "▁ac▁a"), ElementsAre("▁a", "c", "▁a"));
}

TEST(ScoredBpe, UserDefinedPiecesMergeWithNothing) {
  const TokenModelPtr model = make_scored_bpe(pieces(kSome), "test");
  EXPECT_THAT(texts(*model, "aUSERb"), ElementsAre("a", "USER", "b"));
}

TEST(ScoredBpe, UnknownCharactersFuseOrBecomeBytes) {
  const TokenModelPtr plain = make_scored_bpe(pieces(kSome), "test");
  EXPECT_THAT(texts(*plain, "aééb"), ElementsAre("a", "<unk>", "b"));
  auto with_bytes = kSome;
  for (int b = 0; b < 256; ++b) with_bytes.emplace_back(fmt::format("<0x{:02X}>", b), 0);
  ScoredPieces p = pieces(with_bytes);
  p.byte_fallback = true;
  EXPECT_THAT(texts(*make_scored_bpe(std::move(p), "test"), "aéb"), ElementsAre("a", "<0xC3>", "<0xA9>", "b"));
}

// The plain algorithm: merge the pair whose joined text has the highest score, leftmost first.
TEST(ScoredBpe, RandomPiecesAreThePlainAlgorithm) {
  Rng rng(4);
  for (int round = 0; round < 30; ++round) {
    std::vector<std::pair<std::string, double>> list{{"<unk>", 0}, {"a", -99}, {"b", -99}};
    for (int i = 0; i < 10; ++i) {
      const std::string text = list[1 + rng.below(list.size() - 1)].first + list[1 + rng.below(list.size() - 1)].first;
      if (std::none_of(list.begin(), list.end(), [&](const auto& p) { return p.first == text; }))
        list.emplace_back(text, -1 - static_cast<double>(i));
    }
    const TokenModelPtr model = make_scored_bpe(pieces(list), "test");
    std::string word;
    for (int i = 0; i < 24; ++i) word += static_cast<char>('a' + rng.below(2));
    std::vector<std::string> parts;
    for (const char c : word) parts.emplace_back(1, c);
    for (;;) {
      double best = -1e9;
      std::size_t at = parts.size();
      for (std::size_t i = 0; i + 1 < parts.size(); ++i)
        for (const auto& [text, score] : list)
          if (text == parts[i] + parts[i + 1] && score > best) best = score, at = i;
      if (at == parts.size()) break;
      parts[at] += parts[at + 1];
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    }
    ASSERT_EQ(texts(*model, word), parts) << word;
  }
}

}  // namespace
}  // namespace linnet
