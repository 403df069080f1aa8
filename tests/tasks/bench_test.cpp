#include "linnet/tasks/bench.h"

#include <gtest/gtest.h>

#include "linnet/base/error.h"
#include "linnet/models/loader.h"
#include "tests/models/fixture.h"

namespace linnet::tasks {
namespace {

TEST(Bench, OneRateForEachRepetition) {
  const auto model = models::load_model(fixtures() / "llama/causal");
  std::vector<std::int64_t> seen;
  const Speed speed =
      measure_speed(*model, {.prompt_tokens = 9, .new_tokens = 4, .repetitions = 3, .progress = [&](std::int64_t done) {
                               seen.push_back(done);
                             }});
  ASSERT_EQ(speed.prefill.size(), 3U);
  ASSERT_EQ(speed.decode.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(speed.prefill[i] > 0 && speed.decode[i] > 0);
  EXPECT_EQ(seen, (std::vector<std::int64_t>{0, 1, 2, 3}));
}

TEST(Bench, TheWorkOfATokenIsThatOfItsMatrices) {
  const auto model = models::load_model(fixtures() / "llama/causal");
  const nn::TransformerConfig& c = model->config();
  const std::int64_t q = c.heads * c.head_dim, kv = c.kv_heads * c.head_dim;
  const double layer = static_cast<double>(c.layers * c.hidden * (2 * q + 2 * kv + 3 * c.ffn));
  const TokenWork work = work_of_token(*model);
  EXPECT_EQ(work.layer_flops, 2 * layer);
  EXPECT_EQ(work.flops, 2 * (layer + static_cast<double>(c.vocab * c.hidden)));
  EXPECT_EQ(work.bytes, 2 * work.flops);  // f32: four bytes, two operations
}

TEST(Bench, WhatCannotBeMeasured) {
  const auto encoder = models::load_model(fixtures() / "bert/trunk");
  const auto text = models::load_model(fixtures() / "llama/causal");
  EXPECT_THROW(measure_speed(*encoder, {}), Error);
  EXPECT_THROW(measure_speed(*text, {.prompt_tokens = 0}), Error);
  EXPECT_THROW(measure_speed(*text, {.prompt_tokens = 1 << 20}), Error);
}

}  // namespace
}  // namespace linnet::tasks
