#include "linnet/tasks/prompt_ids.h"

#include <gmock/gmock.h>

#include "linnet/adapt/loaded.h"
#include "linnet/base/error.h"
#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet::tasks {
namespace {

using ::testing::ElementsAre;
using Ids = std::vector<std::int32_t>;

// Characters with a few merges; spaces are "▁" and belong to the next word. A text starts with <s> (0).
constexpr const char* kTokenizer = R"({
  "added_tokens": [{"id": 0, "content": "<s>", "special": true, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false}],
  "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
  "pre_tokenizer": null,
  "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
    "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
    "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}}},
  "decoder": null,
  "model": {"type": "BPE", "unk_token": null, "vocab": {"<s>": 0, "a": 1, "b": 2, "c": 3, "▁": 4, "▁b": 5, "bc": 6, ":": 7, "▁bc": 8, "\n": 9},
            "merges": ["▁ b", "b c", "▁b c"]}})";

Tokenizer tokenizer() {
  Scratch scratch;
  put(scratch / "tokenizer.json", kTokenizer);
  return Tokenizer::from_file(scratch / "tokenizer.json");
}

TEST(PromptIds, ThePromptGetsTheOpeningTokens) {
  EXPECT_THAT(prompt_ids(tokenizer(), "a:"), ElementsAre(0, 1, 7));
  EXPECT_THAT(prompt_ids(tokenizer(), ""), ElementsAre(0));
}

TEST(SplitIds, TheContinuationIsWhatComesBehindThePromptsTokens) {
  const SplitIds s = split_ids(tokenizer(), "a:", " b");
  EXPECT_THAT(s.prompt, ElementsAre(0, 1, 7));
  EXPECT_THAT(s.continuation, ElementsAre(5));
  EXPECT_FALSE(s.boundary_moved);
}

// Spaces at the prompt's end belong to the continuation.
TEST(SplitIds, TrailingBlanksBelongToTheContinuation) {
  for (const auto& [prompt, word] : {std::pair{"a: ", "b"}, std::pair{"a:", " b"}}) {
    const SplitIds s = split_ids(tokenizer(), prompt, word);
    EXPECT_THAT(s.prompt, ElementsAre(0, 1, 7));
    EXPECT_THAT(s.continuation, ElementsAre(5));
  }
  EXPECT_THAT(split_ids(tokenizer(), "a:\n", "b").continuation, ElementsAre(9, 2));
  const SplitIds blank = split_ids(tokenizer(), "  ", "a");
  EXPECT_THAT(blank.prompt, ElementsAre(0));
  EXPECT_THAT(blank.continuation, ElementsAre(4, 4, 1));
}

// Tokenised together, "b" and "c" are one token: the prompt keeps its own, and a flag reports this.
TEST(SplitIds, AMergeAcrossTheBoundaryIsReported) {
  const SplitIds s = split_ids(tokenizer(), "ab", "ca");
  EXPECT_TRUE(s.boundary_moved);
  EXPECT_THAT(s.prompt, ElementsAre(0, 1, 2));
  EXPECT_THAT(s.continuation, ElementsAre(1));  // the rule of lm-evaluation-harness: split at the prompt's length
}

TEST(SplitIds, AContinuationWithoutTokensIsRefused) {
  EXPECT_THROW(split_ids(tokenizer(), "a", ""), Error);
  EXPECT_THROW(split_ids(tokenizer(), "ab", ""), Error);
}

// A continuation that merges completely into the prompt's last token is scored by its own tokens after the prompt's.
TEST(SplitIds, AContinuationThatThePromptSwallowsIsEncodedAlone) {
  const SplitIds one = split_ids(tokenizer(), "ab", "c");
  EXPECT_TRUE(one.boundary_moved);
  EXPECT_THAT(one.prompt, ElementsAre(0, 1, 2));
  EXPECT_THAT(one.continuation, ElementsAre(3));
  // Also: the last token of the prompt starts with a space, and all three merge to one token.
  const SplitIds blank = split_ids(tokenizer(), "a b", "c");
  EXPECT_TRUE(blank.boundary_moved);
  EXPECT_THAT(blank.prompt, ElementsAre(0, 1, 5));
  EXPECT_THAT(blank.continuation, ElementsAre(3));
}

TEST(SplitIds, RealTokenizersAgreeWithTheirJointIds) {
  const auto path = cached_model("SmolLM2-135M-Instruct.gguf");
  LINNET_NEEDS(path);
  const Tokenizer t = models::load_tokenizer(path);
  for (const char* word : {" positive", " C++", " a mixture of both", "\n\n"}) {
    const std::string prompt = "Review: a fine film.\nSentiment:";
    const SplitIds s = split_ids(t, prompt, word);
    std::vector<std::int32_t> joined = s.prompt;
    joined.insert(joined.end(), s.continuation.begin(), s.continuation.end());
    EXPECT_EQ(joined, t.encode_ids(prompt + word)) << word;
    EXPECT_FALSE(s.boundary_moved);
  }
}

// The rest of the text's own tokens, without a second space in front: Transformers' tokens of the whole text.
TEST(IdsAfter, TheContinuationHasTheTokensOfTheWholeText) {
  for (const char* name : {"class-llama", "class-gemma", "sp-bpe", "unigram", "byte-level-bpe"}) {
    const Tokenizer t = Tokenizer::from_pretrained(fixtures() / "trained" / name);
    EncodeOptions plain;
    plain.add_special_tokens = false;
    for (const std::string text : {"The ferry left", "a book:\n"})
      for (const std::string word : {" the", " island."}) {
        std::vector<std::int32_t> joined = t.encode_ids(text, plain);
        const auto after = ids_after(t, text_after_opening(t, prompt_ids(t, text)), word);
        joined.insert(joined.end(), after.begin(), after.end());
        EXPECT_EQ(joined, t.encode_ids(text + word, plain)) << name << ": " << text << word;
      }
  }
}

// The given ids stay: "▁" and "b" would merge, so that "b" is encoded as after a line's end. Without a text, alone.
TEST(IdsAfter, AMergeWithTheTextIsEncodedOnANewLine) {
  EXPECT_THAT(ids_after(tokenizer(), "a ", "b"), ElementsAre(2));
  EXPECT_THAT(ids_after(tokenizer(), "ab", "ca"), ElementsAre(3, 1));
  EXPECT_THAT(ids_after(tokenizer(), "", " b"), ElementsAre(5));
  EXPECT_THROW(ids_after(tokenizer(), "a", ""), Error);
}

TEST(IdsAfter, TheTextOfIdsIsWithoutTheOpening) {
  EXPECT_EQ(text_after_opening(tokenizer(), Ids{0, 1, 7}), "a :");
  EXPECT_EQ(text_after_opening(tokenizer(), Ids{1, 0}), "a <s>");
  EXPECT_EQ(text_after_opening(tokenizer(), Ids{0}), "");
  EXPECT_EQ(text_after_opening(tokenizer(), Ids{}), "");
}

// Label words, with the space that separates them from the preceding text.
TEST(WordIds, AVocabularyEntryAsWrittenIsOneToken) {
  const Tokenizer t = Tokenizer::from_json(
      R"({"normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "BertPreTokenizer"},
          "model": {"type": "WordPiece", "unk_token": "[UNK]", "vocab": {"[UNK]": 0, "Paris": 1, "paris": 2, "##s": 3, "good": 4}}})",
      "tokenizer.json");
  EXPECT_THAT(word_ids(t, "Paris"), ElementsAre(1));
  EXPECT_THAT(word_ids(t, " Paris"), ElementsAre(1));
  EXPECT_THAT(word_ids(t, " paris"), ElementsAre(2));
  EXPECT_THAT(word_ids(t, " ##s"), ElementsAre(3));
  EXPECT_THAT(word_ids(t, " Good"), ElementsAre(4));
  EXPECT_THAT(word_ids(t, "goods"), ElementsAre(4, 3));
  EXPECT_THAT(word_ids(tokenizer(), " b"), ElementsAre(5));  // a space of the word itself stays
}

}  // namespace
}  // namespace linnet::tasks
