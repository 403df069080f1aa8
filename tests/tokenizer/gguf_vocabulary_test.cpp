// Vocabularies in GGUF's format; tests/models/pretrained_test.cpp has llama.cpp's files and results.
#include <gmock/gmock.h>

#include "linnet/tokenizer/gguf/vocabulary.h"
#include "linnet/tokenizer/tokenizer.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Tokenizer made(const GgufVocabulary& v) { return Tokenizer::from_gguf(v, "m.gguf"); }
std::string refused_vocabulary(const GgufVocabulary& v) {
  return refusal([&] { made(v); });
}

GgufVocabulary gpt2() {
  GgufVocabulary v;
  v.model = "gpt2", v.pre = "gpt-2";
  v.tokens = {"a", "b", "ab", "Ġ", "Ġa", "1", "2", "12", "<|end|>", "<own>"};
  v.token_types = {1, 1, 1, 1, 1, 1, 1, 1, 3, 4};
  v.merges = {"a b", "Ġ a", "1 2", "b zzz"};
  v.eos = 8;
  return v;
}

TEST(GgufVocabulary, Gpt2sKindsSplitByTheirPattern) {
  GgufVocabulary v = gpt2();
  EXPECT_THAT(made(v).encode_ids("ab a12"), ElementsAre(2, 4, 7));
  v.pre = "smollm";  // digits one by one
  EXPECT_THAT(made(v).encode_ids("ab a12"), ElementsAre(2, 4, 5, 6));
  v.pre = "unheard-of";
  EXPECT_THAT(refused_vocabulary(v), HasSubstr("tokenizer.ggml.pre 'unheard-of' is not supported; these are: default"));
}

TEST(GgufVocabulary, ControlTokensAreSpecialUserDefinedOnesAreText) {
  const Tokenizer t = made(gpt2());
  EXPECT_THAT(t.encode_ids("a<|end|><own>"), ElementsAre(0, 8, 9));
  EXPECT_THAT(t.encode_ids("<own>", {.special_text = SpecialText::kPlain}), ElementsAre(9));
  EXPECT_EQ(t.decode(std::vector<std::int32_t>{0, 8, 9}), "a<own>");
  EXPECT_EQ(t.eos_id(), 8);
}

TEST(GgufVocabulary, FlagsSayWhatFramesAText) {
  GgufVocabulary v = gpt2();
  v.bos = 8;
  EXPECT_THAT(made(v).encode_ids("a"), ElementsAre(0));
  v.add_bos = v.add_eos = true;
  EXPECT_THAT(made(v).encode_ids("a"), ElementsAre(8, 0, 8));
  v.bos = 99;  // out of range: skipped with a warning
  EXPECT_THAT(made(v).encode_ids("a"), ElementsAre(0, 8));
}

GgufVocabulary pieces(const char* model) {
  GgufVocabulary v;
  v.model = model;
  v.tokens = {"<unk>", "<s>", "</s>", "▁a", "b", "▁", "a"};
  v.token_types = {2, 3, 3, 1, 1, 1, 1};
  v.scores = {0, 0, 0, -1, -2, -3, -3};
  return v;
}

TEST(GgufVocabulary, PiecesAreSentencePieces) {
  EXPECT_THAT(made(pieces("llama")).encode_ids("ab a"), ElementsAre(1, 3, 4, 3));  // BOS by default
  GgufVocabulary v = pieces("llama");
  v.add_space_prefix = false;
  EXPECT_THAT(made(v).encode_ids("ab"), ElementsAre(1, 6, 4));
  v = pieces("t5");
  v.unk = 0, v.eos = 2;
  EXPECT_THAT(made(v).encode_ids("ab  a"), ElementsAre(3, 4, 3, 2));  // EOS by default, several spaces
  v.scores.clear();
  EXPECT_THAT(refused_vocabulary(v), HasSubstr("tokenizer.ggml.scores is missing"));
}

// llama.cpp adds the scores as doubles, in which both orders of "!" and "!!" are equal: the longer last token. As
// floats the longer first one is more probable.
TEST(GgufVocabulary, UnigramsHaveDoubleSums) {
  GgufVocabulary v;
  v.model = "t5";
  v.tokens = {"<pad>", "</s>", "<unk>", "▁", "!", "!!"};
  v.scores = {0, 0, 0, -1.1f, -1.1f, -2.1f};
  v.token_types = {3, 3, 2, 1, 1, 1};
  EXPECT_THAT(Tokenizer::from_gguf(v, "m.gguf").encode_ids("!!!"), ElementsAre(3, 4, 5, 1));
}

TEST(GgufVocabulary, BertsMarksAreWordStarts) {
  GgufVocabulary v;
  v.model = "bert";
  v.tokens = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "▁hello", "s", "▁wor", "ld"};
  v.token_types = {3, 3, 3, 3, 1, 1, 1, 1};
  v.pad = 0, v.unk = 1, v.cls = 2, v.sep = 3;
  const Tokenizer t = made(v);
  EXPECT_THAT(t.encode_ids("Hellos world x"), ElementsAre(2, 4, 5, 6, 7, 1, 3));
  EXPECT_EQ(t.decode(std::vector<std::int32_t>{2, 4, 5, 6, 7, 3}), "hellos world");
}

TEST(GgufVocabulary, DamageIsNamed) {
  GgufVocabulary v = gpt2();
  v.token_types.pop_back();
  EXPECT_THAT(refused_vocabulary(v), HasSubstr("token_type has 9 entries for 10 tokens"));
  v = gpt2();
  v.scores = {1};
  EXPECT_THAT(refused_vocabulary(v), HasSubstr("scores has 1 entries"));
  v = gpt2();
  v.merges = {"ab"};
  EXPECT_THAT(refused_vocabulary(v), HasSubstr("merge 0 is 'ab', not two tokens"));
  v = gpt2();
  v.model = "rwkv";
  EXPECT_THAT(refused_vocabulary(v), HasSubstr("tokenizer.ggml.model 'rwkv' is not supported"));
  v.tokens.clear();
  refused_vocabulary(v);
  v = pieces("llama");
  v.scores[3] = NAN;
  EXPECT_THAT(refused_vocabulary(v), HasSubstr("token 3 has the score"));
  v = pieces("llama");
  v.token_types[3] = 11;
  EXPECT_THAT(refused_vocabulary(v), HasSubstr("unknown type 11"));
}

}  // namespace
}  // namespace linnet
