#include "linnet/generate/text_rules.h"

#include <gtest/gtest.h>

#include "linnet/base/error.h"
#include "linnet/models/loader.h"
#include "tests/models/fixture.h"

namespace linnet::generate {
namespace {

using Ids = std::vector<std::int32_t>;

class RulesOf : public ::testing::Test {
 protected:
  TextRules rules(const GenerateOptions& options, const Ids& prompt) const {
    return {*model_, options, prompt, nullptr};
  }
  std::unique_ptr<models::Model> model_ = models::load_model(fixtures() / "llama/causal");
};

Ids list(std::span<const std::int32_t> ids) { return {ids.begin(), ids.end()}; }

TEST_F(RulesOf, LengthsCountThePromptIfTheyAreOfTheWholeText) {
  EXPECT_EQ(rules({.max_new_tokens = 5}, {3, 4}).count(), 5);
  EXPECT_EQ(rules({.max_new_tokens = 5, .max_length = 9}, {3, 4}).count(), 7);
  EXPECT_THROW(rules({.max_length = 2}, {3, 4}), Error);
  EXPECT_EQ(rules({.max_new_tokens = 1 << 20}, {3, 4}).count(), model_->context() - 2);
  EXPECT_THROW(rules({}, Ids(static_cast<std::size_t>(model_->context()), 3)), Error);
  EXPECT_THROW(rules({}, {}), Error);
  EXPECT_THROW(rules({}, {1 << 20}), Error);
  EXPECT_THROW(rules({.forced_bos_id = 1 << 20}, {3}), Error);
}

TEST_F(RulesOf, EndTokensAreForbiddenBeforeTheLeastLength) {
  const TextRules text = rules({.max_new_tokens = 9, .min_length = 4, .min_new_tokens = 1, .eos_ids = {9}}, {3, 4});
  EXPECT_EQ(list(text.after(Ids{3, 4}).forbidden), Ids{9});
  EXPECT_EQ(list(text.after(Ids{3, 4, 5}).forbidden), Ids{9});
  EXPECT_EQ(list(text.after(Ids{3, 4, 5, 6}).forbidden), Ids{});
}

// As in Transformers: the first token is forced after a single one only, and then suppression begins a token later.
TEST_F(RulesOf, ForcedTokensAreTheFirstAndTheLast) {
  const GenerateOptions options{.max_new_tokens = 3, .forced_bos_id = 11, .forced_eos_ids = {8, 1 << 20, 7}};
  const TextRules one = rules(options, {3}), two = rules(options, {3, 4});
  EXPECT_EQ(list(one.after(Ids{3}).forced), Ids{11});
  EXPECT_FALSE(one.after(Ids{3}).first);
  EXPECT_TRUE(one.after(Ids{3, 11}).first);
  EXPECT_EQ(list(one.after(Ids{3, 11}).forced), Ids{});
  EXPECT_EQ(list(one.after(Ids{3, 11, 5}).forced), (Ids{8, 7}));
  EXPECT_EQ(list(two.after(Ids{3, 4}).forced), Ids{});
  EXPECT_TRUE(two.after(Ids{3, 4}).first);
  EXPECT_FALSE(two.after(Ids{3, 4, 5}).first);
  EXPECT_EQ(list(two.after(Ids{3, 4, 5, 6}).forced), (Ids{8, 7}));
}

}  // namespace
}  // namespace linnet::generate
