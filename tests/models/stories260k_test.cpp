// A real LLaMA of 260,000 parameters: the text, the ids and the logits are from llama2.c and a numpy forward pass
// (../shared/data/stories260K-hf).
#include <gtest/gtest.h>

#include "linnet/base/file.h"
#include "linnet/base/json.h"
#include "linnet/models/loader.h"
#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

using Ids = std::vector<std::int32_t>;

Ids likeliest(const Tensor& scores) {
  Ids best;
  for (std::int64_t r = 0; r < scores.size(0); ++r) {
    const auto row = scores.data<float>().subspan(static_cast<std::size_t>(r * scores.size(1)),
                                                  static_cast<std::size_t>(scores.size(1)));
    best.push_back(static_cast<std::int32_t>(std::max_element(row.begin(), row.end()) - row.begin()));
  }
  return best;
}

class Stories260K : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto folder = shared_data("stories260K-hf");
    LINNET_NEEDS(folder);
    model_ = models::load_model(folder);
    tokenizer_ = models::load_tokenizer(folder);
    expected_ = read_json(folder / "expected.json");
    text_ = read_file(folder / "expected_greedy_200.txt");
    greedy_ = expected_["greedy_ids_201"].get<Ids>();
  }

  std::unique_ptr<models::Model> model_;
  std::optional<Tokenizer> tokenizer_;
  Json expected_;
  std::string text_;
  Ids greedy_;
};

TEST_F(Stories260K, ScoresAfterTheStartTokenAreTheReferences) {
  const models::Model& model = *model_;
  const Tensor scores = model.logits(model.forward(nn::pack({expected_["prompt_ids"].get<Ids>()})));
  expect_close(scores.data<float>(), expected_["logits_after_bos"].get<std::vector<float>>(), 1e-5, "logits");
}

// The whole text at once: every row's most likely token is the next one.
TEST_F(Stories260K, EveryTokenOfTheTextIsTheLikeliestAfterThoseBefore) {
  const models::Model& model = *model_;
  const Ids fed(greedy_.begin(), greedy_.end() - 1);
  EXPECT_EQ(likeliest(model.logits(model.forward(nn::pack({fed})))), Ids(greedy_.begin() + 1, greedy_.end()));
}

// One token at a time through the cache: 201 ids cross three of its blocks.
TEST_F(Stories260K, GreedyIdsThroughTheCacheAndTheirText) {
  const models::Model& model = *model_;
  nn::KvCache cache = model.make_cache();
  nn::KvCache::Sequence sequence;
  nn::KvCache::Sequence* const sequences[] = {&sequence};
  Ids ids = expected_["prompt_ids"].get<Ids>();
  while (ids.size() < greedy_.size()) {
    nn::Packed batch;
    batch.add(std::span(ids).last(1), {}, static_cast<std::int32_t>(sequence.length()));
    ids.push_back(likeliest(model.logits(model.forward(batch, {.cache = &cache, .sequences = sequences}))).front());
  }
  EXPECT_EQ(ids, greedy_);
  EXPECT_EQ(tokenizer_->decode(ids), text_);
}

TEST_F(Stories260K, TheTextIsTokenisedToTheSameIds) { EXPECT_EQ(tokenizer_->encode_ids(text_), greedy_); }

}  // namespace
}  // namespace linnet
