#include <gmock/gmock.h>

#include <set>

#include "linnet/tokenizer/gguf/kinds.h"
#include "linnet/tokenizer/pretokenizer.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

std::vector<std::string> cut(const std::string& kind, std::string_view text) {
  const Json json = gguf_pretokenizer(find_gguf_pre(kind, "m.gguf"), false);
  PieceList list(AlignedText(text, 0, Origins::kIgnore), {0, static_cast<std::uint32_t>(text.size())});
  make_pretokenizer(json, "m.gguf", ByteSpelling::kAsTheyAre)->split(list);
  std::vector<std::string> pieces;
  for (const Span& s : list.pieces) pieces.emplace_back(list.text.view().substr(s.begin, s.end - s.begin));
  return pieces;
}

TEST(GgufKinds, AreFoundByAnyOfTheirNamesAndNoNameIsTheDefault) {
  std::set<std::string> seen;
  for (const GgufPreKind& kind : gguf_pre_kinds())
    for (const char* name : kind.names) {
      EXPECT_EQ(&find_gguf_pre(name, "m.gguf"), &kind);
      EXPECT_TRUE(seen.insert(name).second) << name << " stands twice";
    }
  EXPECT_EQ(&find_gguf_pre("", "m.gguf"), &find_gguf_pre("default", "m.gguf"));
  EXPECT_THAT(refusal([] { find_gguf_pre("smol", "m.gguf"); }), HasSubstr("m.gguf: tokenizer.ggml.pre 'smol'"));
}

// Pieces of llama.cpp's patterns, which differ between the kinds.
TEST(GgufKinds, CutDigitsInTheirOwnWays) {
  EXPECT_THAT(cut("gpt-2", "a 12345"), ElementsAre("a", " 12345"));
  EXPECT_THAT(cut("smollm", "a 12345"), ElementsAre("a", " ", "1", "2", "3", "4", "5"));
  EXPECT_THAT(cut("llama-bpe", "a 12345"), ElementsAre("a", " ", "123", "45"));
  EXPECT_THAT(cut("qwen2", "a 12"), ElementsAre("a", " ", "1", "2"));
  EXPECT_THAT(cut("viking", "a12"), ElementsAre("a", "1", "2"));
}

TEST(GgufKinds, CutWordsAndPunctuation) {
  EXPECT_THAT(cut("gpt-2", "I'll go!  now"), ElementsAre("I", "'ll", " go", "!", " ", " now"));
  EXPECT_THAT(cut("llama-bpe", "(go)\n\nX"), ElementsAre("(go", ")\n\n", "X"));
  EXPECT_THAT(cut("bloom", "go, now"), ElementsAre("go", ",", " now"));
}

TEST(GgufKinds, MergesOfWhatIsNoTokenAreLeftOut) {
  GgufVocabulary v;
  v.merges = {"a b", "  x", "a c"};  // the second one joins a space and x
  Vocabulary vocabulary;
  std::int32_t id = 0;
  for (const char* token : {"a", "b", "c", "ab", " ", "x", " x"}) vocabulary.add(token, id++);
  vocabulary.finish();
  EXPECT_THAT(gguf_merges(v, vocabulary, "m.gguf"), ElementsAre(Pair("a", "b"), Pair(" ", "x")));
  v.merges = {"ab"};
  EXPECT_THAT(refusal([&] { gguf_merges(v, vocabulary, "m.gguf"); }), HasSubstr("merge 0 is 'ab', not two tokens"));
}

}  // namespace
}  // namespace linnet
