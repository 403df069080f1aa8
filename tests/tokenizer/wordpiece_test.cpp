#include <gmock/gmock.h>

#include "linnet/tokenizer/model.h"
#include "tests/tokenizer/reference.h"

namespace linnet {
namespace {

TEST(WordPiece, AndWordLevelAreTheReferences) { expect_models_agree("wordpiece"); }

Vocabulary some_words() {
  Vocabulary v;
  v.add("a", 0), v.add("##b", 1), v.add("[UNK]", 2);
  v.finish();
  return v;
}

TEST(WordPiece, AWordThatDoesNotFitIsOneUnknownToken) {
  const TokenModelPtr model = make_wordpiece(some_words(), {}, "test");
  const auto ids = [&](std::string_view word) {
    std::vector<ModelToken> tokens;
    model->tokenize(word, tokens);
    std::vector<std::int32_t> out;
    for (const ModelToken& t : tokens) out.push_back(t.id);
    return out;
  };
  EXPECT_THAT(ids("abb"), ::testing::ElementsAre(0, 1, 1));
  EXPECT_THAT(ids("abc"), ::testing::ElementsAre(2));
  EXPECT_THAT(ids("b"), ::testing::ElementsAre(2));
  EXPECT_THAT(ids("a" + std::string(99, 'b')), ::testing::SizeIs(100));
  EXPECT_THAT(ids("a" + std::string(100, 'b')), ::testing::ElementsAre(2));  // more than 100 characters
}

TEST(WordPiece, AnUnknownTokenThatIsNotThereIsRefused) {
  const auto refused = [](const std::string& unk) {
    return refusal([&] {
      const TokenModelPtr model = make_wordpiece(some_words(), {.unk_token = unk}, "tokenizer.json");
      std::vector<ModelToken> tokens;
      model->tokenize("zzz", tokens);
    });
  };
  EXPECT_THAT(refused("<oov>"), ::testing::HasSubstr("<oov>"));
}

}  // namespace
}  // namespace linnet
