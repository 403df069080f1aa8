#include <gmock/gmock.h>

#include "linnet/tokenizer/tokenizer.h"
#include "linnet/tokenizer/tokenizer_data.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(VocabTxt, IsBertsTokenizer) {
  Scratch scratch;
  put(scratch / "vocab.txt", "[PAD]\r\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhello \n##s\nwor\n##ld\n!");
  const Tokenizer t = Tokenizer::from_file(scratch / "vocab.txt");
  EXPECT_THAT(t.encode_ids("Hellos WORLD! [MASK]"), ElementsAre(2, 5, 6, 7, 8, 9, 4, 3));
  EXPECT_THAT(t.encode("hello", "world").type_ids, ElementsAre(0, 0, 0, 1, 1, 1));
  EXPECT_EQ(t.decode(std::vector<std::int32_t>{2, 5, 6, 7, 8, 9, 3}), "hellos world!");
  EXPECT_EQ(t.mask_id(), 4);
  EXPECT_EQ(t.pad_id(), 0);
  EXPECT_EQ(t.unk_id(), 1);
  EXPECT_EQ(t.cls_id(), 2);
  EXPECT_EQ(t.sep_id(), 3);
}

TEST(VocabTxt, DamageIsNamed) {
  Scratch scratch;
  put(scratch / "vocab.txt", "");
  EXPECT_THAT(refusal([&] { read_vocab_txt(scratch / "vocab.txt", {}); }), HasSubstr("vocab.txt: no tokens in it"));
  put(scratch / "vocab.txt", "a\n\xff");
  EXPECT_THAT(refusal([&] { read_vocab_txt(scratch / "vocab.txt", {}); }), HasSubstr("vocab.txt: not UTF-8"));
}

TEST(VocabAndMerges, IsGpt2sTokenizer) {
  Scratch scratch;
  put(scratch / "vocab.json", R"({"a": 0, "b": 1, "Ġ": 2, "ab": 3, "Ġa": 4, "<|endoftext|>": 5})");
  put(scratch / "merges.txt", "#version: 0.2\na b\nĠ a\n");
  const Tokenizer t = Tokenizer::from_pretrained(scratch.path());
  EXPECT_THAT(t.encode_ids("ab a<|endoftext|>b"), ElementsAre(3, 4, 5, 1));
  EXPECT_EQ(t.eos_id(), 5);
  EXPECT_EQ(t.decode(std::vector<std::int32_t>{3, 4}), "ab a");
}

TEST(VocabAndMerges, RobertasTokensFrameTexts) {
  Scratch scratch;
  put(scratch / "vocab.json", R"({"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "a": 4, "Ġ": 5, "<mask>": 6})");
  put(scratch / "merges.txt", "#version: 0.2\n");
  const Tokenizer t = Tokenizer::from_pretrained(scratch.path());
  EXPECT_THAT(t.encode_ids("a <mask>"), ElementsAre(0, 4, 6, 2));  // the mask includes the space to its left
  EXPECT_THAT(t.encode("a", "a").ids, ElementsAre(0, 4, 2, 2, 4, 2));
  EXPECT_EQ(t.mask_id(), 6);
}

TEST(VocabAndMerges, TheConfigurationSaysHowSpacesAreTreated) {
  Scratch scratch;
  put(scratch / "vocab.json", R"({"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "a": 4, "Ġ": 5, "<mask>": 6, "Ġa": 7})");
  put(scratch / "merges.txt", "#version: 0.2\nĠ a\n");
  put(scratch / "tokenizer_config.json",
      R"({"add_prefix_space": true, "mask_token": {"content": "<mask>", "lstrip": false, "special": true}})");
  const Tokenizer t = Tokenizer::from_pretrained(scratch.path());
  EXPECT_THAT(t.encode_ids("a <mask>"), ElementsAre(0, 7, 5, 6, 2));
  put(scratch / "tokenizer_config.json",
      R"({"added_tokens_decoder": {"6": {"content": "<mask>", "lstrip": false, "special": true}}})");
  EXPECT_THAT(Tokenizer::from_pretrained(scratch.path()).encode_ids("a <mask>"), ElementsAre(0, 4, 5, 6, 2));
}

TEST(VocabAndMerges, DamageIsNamedByLine) {
  Scratch scratch;
  put(scratch / "vocab.json", R"({"a": 0, "b": 1})");
  const auto refused = [&](const char* merges) {
    put(scratch / "merges.txt", merges);
    return refusal([&] { read_vocab_and_merges(scratch / "vocab.json", scratch / "merges.txt"); });
  };
  EXPECT_THAT(refused("a b c\n"), HasSubstr("merges.txt:1: 'a b c' is not two tokens"));
  EXPECT_THAT(refused("#version\nab\n"), HasSubstr("merges.txt:2"));
  refused("a b\n");  // the vocabulary has no "ab"
}

}  // namespace
}  // namespace linnet
