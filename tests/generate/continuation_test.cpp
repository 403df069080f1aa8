#include "linnet/generate/continuation.h"

#include <gtest/gtest.h>

#include "linnet/base/error.h"
#include "linnet/models/loader.h"
#include "tests/models/fixture.h"

namespace linnet::generate {
namespace {

using Ids = std::vector<std::int32_t>;

class ContinuationOf : public ::testing::Test {
 protected:
  // Logits that make `id` the most likely token and `second` the next.
  std::vector<float> scores(std::int32_t id, std::int32_t second = 0) const {
    std::vector<float> s(static_cast<std::size_t>(model_->config().vocab));
    s[static_cast<std::size_t>(second)] = 1;
    s[static_cast<std::size_t>(id)] = 2;
    return s;
  }
  void choose(Continuation& text, std::int32_t id, std::int32_t second = 0) const {
    auto s = scores(id, second);
    text.take(s);
  }
  std::unique_ptr<models::Model> model_ = models::load_model(fixtures() / "llama/causal");
};

TEST_F(ContinuationOf, EndsAtAnEndTokenOrItsLength) {
  Continuation text(*model_, {{3, 4}, {.max_new_tokens = 2, .eos_ids = {9}}});
  EXPECT_EQ(text.longest(), 4);
  choose(text, 5);
  EXPECT_FALSE(text.ended());
  choose(text, 6);
  EXPECT_TRUE(text.ended());
  EXPECT_EQ(text.ids(), (Ids{3, 4, 5, 6}));
  EXPECT_EQ(text.result().finish, FinishReason::kLength);
  Continuation other(*model_, {{3, 4}, {.max_new_tokens = 2, .eos_ids = {9}}});
  choose(other, 9);
  EXPECT_TRUE(other.ended());
  EXPECT_EQ(other.result().finish, FinishReason::kStop);
  EXPECT_EQ(other.result().ids, Ids{9});
}

TEST_F(ContinuationOf, NoEndTokenBeforeTheLeastLengthAndAForcedOneAtTheMost) {
  Continuation text(*model_,
                    {{3}, {.max_new_tokens = 3, .min_new_tokens = 1, .eos_ids = {9}, .forced_eos_ids = {8, 7}}});
  choose(text, 9, 5);
  choose(text, 6);
  choose(text, 6);
  EXPECT_EQ(text.result().ids, (Ids{5, 6, 7}));
}

TEST_F(ContinuationOf, ACallbackSeesEveryStepAndMayStopIt) {
  std::vector<std::size_t> seen;
  Request request{.prompt = {3}, .options = {.logprobs = 1}};
  request.on_step = [&](const Generation& so_far) {
    EXPECT_EQ(so_far.logprobs.size(), so_far.ids.size());
    seen.push_back(so_far.ids.size());
    return so_far.ids.back() != 6;
  };
  Continuation text(*model_, std::move(request));
  choose(text, 5);
  EXPECT_FALSE(text.ended());
  choose(text, 6);
  EXPECT_TRUE(text.ended());
  EXPECT_EQ(seen, (std::vector<std::size_t>{1, 2}));
}

TEST_F(ContinuationOf, ACallbackOrACallerMayStopIt) {
  Continuation text(*model_, {{3}, {}, [](std::int32_t id) { return id != 6; }});
  choose(text, 5);
  EXPECT_FALSE(text.ended());
  choose(text, 6);
  EXPECT_TRUE(text.ended());
  EXPECT_EQ(text.result().finish, FinishReason::kStop);
  Continuation other(*model_, {{3}, {}});
  other.stop();
  EXPECT_TRUE(other.ended());
  EXPECT_EQ(other.result().finish, FinishReason::kStop);
}

TEST_F(ContinuationOf, NoNewTokensEndAtOnceAndWrongPromptsAreRefused) {
  EXPECT_TRUE(Continuation(*model_, {{3}, {.max_new_tokens = 0}}).ended());
  EXPECT_THROW(Continuation(*model_, {}), Error);
  EXPECT_THROW(Continuation(*model_, {{1 << 20}}), Error);
}

}  // namespace
}  // namespace linnet::generate
