#include "linnet/tasks/complete.h"

#include <gtest/gtest.h>

#include "linnet/adapt/loaded.h"
#include "linnet/base/utf8.h"
#include "tests/models/fixture.h"

namespace linnet::tasks {
namespace {

// A tiny model with the words "w5", "w6" …, and Transformers' greedy text.
class Complete : public ::testing::Test {
 protected:
  Loaded p_ = load_pretrained(fixtures() / "llama/causal", {.dtype = models::WeightType::kF32});
  Expected expected_{fixtures() / "llama/causal/expected.safetensors"};
  std::vector<std::int32_t> prompt_ = expected_.ids("greedy.prompt"), ids_ = expected_.ids("greedy.ids");
  CompleteOptions options_{.overrides = {.max_new_tokens = static_cast<std::int64_t>(ids_.size())}};
};

TEST_F(Complete, GivesTheTextOfTransformersIds) {
  const Completion c = complete(p_, prompt_, options_);
  EXPECT_EQ(c.generation.ids, ids_);
  EXPECT_EQ(c.text, p_.tokenizer().decode(ids_));
}

TEST_F(Complete, PiecesAddUpToTheText) {
  std::string streamed;
  const Completion c = complete(p_, prompt_, options_, [&](std::string_view piece) {
    EXPECT_FALSE(piece.empty());
    EXPECT_TRUE(utf8::valid(piece));
    streamed += piece;
    return true;
  });
  EXPECT_EQ(streamed, c.text);
}

TEST_F(Complete, EndsBeforeAStopTextThatSpansTokens) {
  const std::string text = complete(p_, prompt_, options_).text;
  const auto cut = text.find(' ', text.size() / 2);
  options_.stop = {text.substr(cut - 1, 3)};
  const Completion c = complete(p_, prompt_, options_);
  EXPECT_EQ(c.text, text.substr(0, text.find(options_.stop[0])));
  EXPECT_EQ(c.generation.finish, generate::FinishReason::kStop);
  EXPECT_LT(c.generation.ids.size(), ids_.size());
}

TEST_F(Complete, TheReaderMayEndIt) {
  int pieces = 0;
  const Completion c = complete(p_, prompt_, options_, [&](std::string_view) { return ++pieces < 3; });
  EXPECT_EQ(pieces, 3);
  EXPECT_EQ(c.generation.ids.size(), 3u);
}

TEST_F(Complete, ATextGetsTheTokenizersStart) {
  const Completion by_text = complete(p_, "w5 w6", options_);
  EXPECT_EQ(by_text.generation.ids, complete(p_, std::vector{1, 5, 6}, options_).generation.ids);
}

}  // namespace
}  // namespace linnet::tasks
