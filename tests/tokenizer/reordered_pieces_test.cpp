#include <gmock/gmock.h>

#include <filesystem>

#include "linnet/tokenizer/tokenizer.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::filesystem::path kTrained = std::filesystem::path(LINNET_SOURCE_DIR) / "tests/fixtures/trained";

TEST(ReorderedPieces, TheModelIsNamedByTheClassOrTheConfiguration) {
  Scratch scratch;
  std::filesystem::copy(kTrained / "fairseq-xlm-roberta/sentencepiece.bpe.model", scratch.path());
  const auto ids = [&] { return Tokenizer::from_pretrained(scratch.path()).encode_ids(""); };
  EXPECT_THAT(refusal(ids), HasSubstr("sentencepiece.bpe.model"));
  put(scratch / "config.json", R"({"model_type": "mbart"})");
  EXPECT_THAT(refusal(ids), HasSubstr("'mbart'"));
  put(scratch / "config.json", R"({"model_type": "camembert"})");
  EXPECT_THAT(ids(), ElementsAre(5, 6));
  put(scratch / "tokenizer_config.json", R"({"tokenizer_class": "XLMRobertaTokenizerFast"})");
  EXPECT_THAT(ids(), ElementsAre(0, 2));
  put(scratch / "tokenizer_config.json", R"({"tokenizer_class": "NllbTokenizer"})");
  EXPECT_THAT(refusal(ids), HasSubstr("'NllbTokenizer'"));
}

// As XLMRobertaTokenizer("a", "b") of Transformers.
TEST(ReorderedPieces, TwoTextsHaveTwoEndsBetween) {
  const Tokenizer tokenizer = Tokenizer::from_pretrained(kTrained / "fairseq-xlm-roberta");
  const Encoding pair = tokenizer.encode("a", "b");
  EXPECT_THAT(pair.ids, ElementsAre(0, 11, 2, 2, 48, 2));
  EXPECT_THAT(pair.type_ids, ElementsAre(0, 0, 0, 0, 0, 0));
  EXPECT_EQ(tokenizer.pad_id(), 1);
  EXPECT_EQ(tokenizer.unk_id(), 3);
  EXPECT_EQ(tokenizer.mask_id(), 372);
}

TEST(ReorderedPieces, AFileOfAnotherKindIsRefused) {
  Scratch scratch;
  std::filesystem::copy(kTrained / "sp-bpe/tokenizer.model", scratch / "sentencepiece.bpe.model");
  put(scratch / "config.json", R"({"model_type": "camembert"})");
  EXPECT_THAT(refusal([&] { Tokenizer::from_pretrained(scratch.path()); }), HasSubstr("sentencepiece.bpe.model"));
}

}  // namespace
}  // namespace linnet
