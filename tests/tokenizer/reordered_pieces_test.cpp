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
  put(scratch / "config.json", R"({"model_type": "xlnet"})");
  EXPECT_THAT(refusal(ids), HasSubstr("'xlnet'"));
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

// Transformers' ids and texts of these classes for the same texts.
TEST(ReorderedPieces, UserDefinedPiecesAreTokensThatDecodingKeeps) {
  const Tokenizer roberta = Tokenizer::from_pretrained(kTrained / "fairseq-xlm-roberta");
  EXPECT_THAT(roberta.encode_ids("a<sep> b"), ElementsAre(0, 11, 4, 48, 2));
  EXPECT_EQ(roberta.decode(roberta.encode_ids("a<sep> b")), "a<sep> b");
  const Tokenizer gemma = Tokenizer::from_pretrained(kTrained / "class-gemma");
  EXPECT_THAT(gemma.encode_ids("a<start_of_turn> b"), ElementsAre(2, 354, 5, 269));
  EXPECT_THAT(gemma.encode_ids("a\n\n b"), ElementsAre(2, 354, 6, 269));
  EXPECT_EQ(gemma.decode(gemma.encode_ids("a\n\n<start_of_turn> b")), "a\n\n<start_of_turn> b");
}

TEST(ReorderedPieces, ABpeOfAClassHasMergesInTheOrderOfItsIds) {
  Scratch scratch;
  std::filesystem::copy(kTrained / "sp-bpe/tokenizer.model", scratch.path());
  const auto ids = [&](const char* config) {
    put(scratch / "tokenizer_config.json", config);
    return Tokenizer::from_pretrained(scratch.path()).encode_ids(" The ferry");
  };
  EXPECT_THAT(ids(R"({"tokenizer_class": "LlamaTokenizer"})"), ElementsAre(1, 300, 278, 266, 388));
  EXPECT_THAT(ids("{}").front(), 412);  // as SentencePiece: a space before every text, also before this one
  put(scratch / "config.json", R"({"model_type": "llama"})");
  EXPECT_THAT(ids("{}"), ElementsAre(1, 300, 278, 266, 388));
  EXPECT_THAT(ids(R"({"add_bos_token": false})"), ElementsAre(300, 278, 266, 388));
}

// Pieces of unigrams in a tokenizer.model are read as SentencePiece does: no class has merges for them.
TEST(ReorderedPieces, AUnigramIsNoBpeOfAClass) {
  Scratch scratch;
  std::filesystem::copy(kTrained / "sp-unigram/tokenizer.model", scratch.path());
  put(scratch / "tokenizer_config.json", R"({"tokenizer_class": "LlamaTokenizer", "add_bos_token": false})");
  EXPECT_EQ(Tokenizer::from_pretrained(scratch.path()).encode_ids(" the ferry"),
            Tokenizer::from_file(scratch / "tokenizer.model").encode_ids(" the ferry"));
}

TEST(ReorderedPieces, AFileOfAnotherKindIsRefused) {
  Scratch scratch;
  std::filesystem::copy(kTrained / "sp-bpe/tokenizer.model", scratch / "sentencepiece.bpe.model");
  put(scratch / "config.json", R"({"model_type": "camembert"})");
  EXPECT_THAT(refusal([&] { Tokenizer::from_pretrained(scratch.path()); }), HasSubstr("sentencepiece.bpe.model"));
}

TEST(ReorderedPieces, NamedTokensOfTheConfigurationAreUsed) {
  Scratch scratch;
  std::filesystem::copy(kTrained / "class-t5/spiece.model", scratch.path());
  put(scratch / "tokenizer_config.json",
      R"({"tokenizer_class": "T5TokenizerFast", "extra_ids": 2, "eos_token": "<end>"})");
  put(scratch / "special_tokens_map.json", R"({"unk_token": {"content": "<none>", "rstrip": true}})");
  const Tokenizer tokenizer = Tokenizer::from_pretrained(scratch.path());
  const std::int32_t last = tokenizer.token_to_id("<extra_id_0>").value();
  EXPECT_EQ(tokenizer.token_to_id("<extra_id_1>"), last - 1);
  EXPECT_EQ(tokenizer.eos_id(), last + 1);  // not in the vocabulary: the next ids
  EXPECT_EQ(tokenizer.unk_id(), last + 2);
  EXPECT_THAT(tokenizer.encode_ids("<none>  <extra_id_1> "), ElementsAre(last + 2, last - 1, last + 1));
}

TEST(ReorderedPieces, SentencePieceReadsWhatNoClassDoes) {
  Scratch scratch;
  std::filesystem::copy(kTrained / "sp-unigram/tokenizer.model", scratch / "spiece.model");
  put(scratch / "tokenizer_config.json", R"({"tokenizer_class": "XLNetTokenizer"})");
  EXPECT_EQ(Tokenizer::from_pretrained(scratch.path()).encode_ids("the ferry"),
            Tokenizer::from_file(scratch / "spiece.model").encode_ids("the ferry"));
  std::filesystem::rename(scratch / "spiece.model", scratch / "spm.model");
  EXPECT_THAT(refusal([&] { Tokenizer::from_pretrained(scratch.path()); }),
              AllOf(HasSubstr("spm.model"), HasSubstr("'XLNetTokenizer'")));
}

}  // namespace
}  // namespace linnet
