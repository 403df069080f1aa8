#include <gmock/gmock.h>

#include "linnet/base/rng.h"
#include "linnet/tokenizer/model.h"
#include "tests/tokenizer/reference.h"

namespace linnet {
namespace {

using ::testing::HasSubstr;

TEST(Bpe, EveryOptionIsTheReferences) { expect_models_agree("bpe"); }

Vocabulary vocabulary_of(const std::vector<std::string>& texts) {
  Vocabulary v;
  for (std::size_t i = 0; i < texts.size(); ++i) v.add(texts[i], static_cast<std::int32_t>(i));
  v.finish();
  return v;
}

using Merges = std::vector<std::pair<std::string, std::string>>;

// The algorithm of the paper: merge the pair of lowest rank, leftmost first, until there is none.
std::vector<std::string> slowly(std::string_view word, const Merges& merges) {
  std::vector<std::string> parts;
  for (const char c : word) parts.emplace_back(1, c);
  for (;;) {
    std::size_t best = merges.size(), at = 0;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i)
      for (std::size_t r = 0; r < best; ++r)
        if (merges[r] == std::pair(parts[i], parts[i + 1])) best = r, at = i;
    if (best == merges.size()) return parts;
    parts[at] += parts[at + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }
}

// Long words use a heap, short ones a scan: both equal the plain algorithm.
TEST(Bpe, RandomMergesOnWordsOfAnyLengthAreThePlainAlgorithm) {
  Rng rng(5);
  for (int round = 0; round < 20; ++round) {
    std::vector<std::string> texts{"a", "b", "c"};
    Merges merges;
    for (int m = 0; m < 12; ++m) {
      const std::string left = texts[rng.below(texts.size())], right = texts[rng.below(texts.size())];
      if (std::find(texts.begin(), texts.end(), left + right) != texts.end()) continue;
      texts.push_back(left + right);
      merges.emplace_back(left, right);
    }
    const Vocabulary vocabulary = vocabulary_of(texts);
    const TokenModelPtr model = make_bpe(vocabulary_of(texts), merges, {}, "test");
    for (const std::size_t length : {1, 2, 5, 20, 100, 400}) {
      std::string word;
      for (std::size_t i = 0; i < length; ++i) word += static_cast<char>('a' + rng.below(3));
      std::vector<ModelToken> tokens;
      model->tokenize(word, tokens);
      std::vector<std::string> found;
      std::uint32_t at = 0;
      for (const ModelToken& t : tokens) {
        EXPECT_EQ(t.begin, at);
        at = t.end;
        found.emplace_back(*vocabulary.text(t.id));
      }
      ASSERT_EQ(found, slowly(word, merges)) << word;
    }
  }
}

// Bytes of an affix are tokens; their offsets are those of its character, and later ones are not shifted. Also with a
// prefix. (The library's own offsets leave the word.)
TEST(Bpe, BytesOfAffixesAreAtTheirCharacter) {
  for (const Json& entry : tokenizer_reference()["affixes"]) {
    const Tokenizer tokenizer = tokenizer_of(entry["json"]);
    for (const Json& row : entry["rows"]) {
      const auto text = row[0].get<std::string>();
      const Encoding e = tokenizer.encode(text);
      EXPECT_EQ(e.ids, row[1].get<std::vector<std::int32_t>>());
      std::int64_t last = 0;
      for (const auto& [begin, end] : e.offsets) {
        EXPECT_TRUE(last <= begin && begin < end && end <= static_cast<std::int64_t>(text.size())) << text;
        last = begin;
      }
    }
  }
  using Offsets = std::vector<std::pair<std::int64_t, std::int64_t>>;
  const Json& entries = tokenizer_reference()["affixes"];
  EXPECT_EQ(tokenizer_of(entries[0]["json"]).encode("aé ab").offsets,
            (Offsets{{0, 1}, {1, 3}, {1, 3}, {1, 3}, {1, 3}, {1, 3}, {1, 3}, {4, 6}}));
  EXPECT_EQ(tokenizer_of(entries[2]["json"]).encode("éa").offsets, (Offsets{{0, 2}, {0, 2}, {2, 3}, {2, 3}, {2, 3}}));
}

TEST(Bpe, MergesOfWhatIsNotThereAreRefused) {
  EXPECT_THAT(refusal([] {
                make_bpe(vocabulary_of({"a", "b"}), {{"a", "b"}}, {}, "tokenizer.json");
              }),
              HasSubstr("tokenizer.json"));
  EXPECT_THAT(refusal([] {
                make_bpe(vocabulary_of({"a", "ab"}), {{"a", "b"}}, {}, "tokenizer.json");
              }),
              HasSubstr("b"));
}

TEST(Bpe, TakesBytesOnlyWhereEveryByteHasAToken) { EXPECT_FALSE(bpe_can_take_bytes(vocabulary_of({"a", "b"}), {})); }

}  // namespace
}  // namespace linnet
