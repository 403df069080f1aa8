#include "linnet/generate/pseudo_perplexity.h"

#include <gtest/gtest.h>

#include <cmath>

#include "linnet/base/error.h"
#include "linnet/models/loader.h"
#include "tests/models/fixture.h"

namespace linnet::generate {
namespace {

using Ids = std::vector<std::int32_t>;
constexpr std::int32_t kCls = 1, kSep = 2, kMask = 4;
const Ids kText{10, 20, 30, 11, 21, 31, 12, 22, 32, 13, 23};

std::unique_ptr<models::Model> load() {
  return models::load_model(fixtures() / "bert/masked", {.dtype = models::WeightType::kF32});
}

// -log p of token `position` of a window, with one forward pass and a softmax in double.
double surprise(const models::Model& model, Ids window, std::size_t position) {
  window.insert(window.begin(), kCls);
  window.push_back(kSep);
  const std::int32_t target = window[position + 1];
  window[position + 1] = kMask;
  const auto row = static_cast<std::int32_t>(position + 1);
  const Tensor logits = model.logits(model.forward(nn::pack({window})), {&row, 1});
  double sum = 0;
  for (const float x : logits.data<float>()) sum += std::exp(static_cast<double>(x));
  return std::log(sum) - logits.data<float>()[static_cast<std::size_t>(target)];
}

TEST(PseudoPerplexity, IsANaiveLoopsSum) {
  const auto model = load();
  double wanted = 0;
  for (std::size_t t = 0; t < kText.size(); ++t) wanted += surprise(*model, kText, t);
  std::int64_t last = 0;
  const Perplexity p = pseudo_perplexity(*model, kText,
                                         {.mask = kMask,
                                          .before = {kCls},
                                          .after = {kSep},
                                          .stride = 8,
                                          .batch_rows = 30,
                                          .progress = [&](std::int64_t done, std::int64_t) {
                                            EXPECT_GT(done, last);
                                            last = done;
                                          }});
  EXPECT_NEAR(p.negative_log_likelihood, wanted, 1e-4);
  EXPECT_EQ(p.tokens, static_cast<std::int64_t>(kText.size()));
  EXPECT_EQ(last, p.tokens);
  EXPECT_NEAR(p.perplexity(), std::exp(wanted / static_cast<double>(kText.size())), 1e-3);
}

TEST(PseudoPerplexity, ScoresEveryTokenOnceInTheFirstWindowThatHoldsIt) {
  const auto model = load();
  double wanted = 0;  // windows of 4 text tokens every 3: [0, 4) [3, 7) [6, 10) [9, 11)
  const auto window = [](std::size_t b, std::size_t e) {
    return Ids(kText.begin() + static_cast<std::ptrdiff_t>(b), kText.begin() + static_cast<std::ptrdiff_t>(e));
  };
  for (std::size_t t = 0; t < 4; ++t) wanted += surprise(*model, window(0, 4), t);
  for (std::size_t t = 4; t < 7; ++t) wanted += surprise(*model, window(3, 7), t - 3);
  for (std::size_t t = 7; t < 10; ++t) wanted += surprise(*model, window(6, 10), t - 6);
  wanted += surprise(*model, window(9, 11), 1);
  const Perplexity p =
      pseudo_perplexity(*model, kText, {.mask = kMask, .before = {kCls}, .after = {kSep}, .window = 6, .stride = 3});
  EXPECT_NEAR(p.negative_log_likelihood, wanted, 1e-4);
  EXPECT_EQ(p.tokens, 11);
  EXPECT_EQ(pseudo_perplexity(*model, kText, {.mask = kMask, .stride = 8, .limit = 5}).tokens, 5);
}

TEST(PseudoPerplexity, RefusesWhatCannotBe) {
  const auto model = load();
  EXPECT_THROW(pseudo_perplexity(*model, kText, {.stride = 8}), Error);
  EXPECT_THROW(pseudo_perplexity(*model, {}, {.mask = kMask, .stride = 8}), Error);
  EXPECT_THROW(pseudo_perplexity(*model, kText, {.mask = kMask, .before = {kCls}, .window = 4, .stride = 4}), Error);
}

}  // namespace
}  // namespace linnet::generate
