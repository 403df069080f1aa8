#include "linnet/nn/rope.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "linnet/base/error.h"
#include "linnet/base/json.h"

namespace linnet::nn {
namespace {

TransformerConfig config_of(const Json& row) {
  static const std::map<std::string, RopeKind> kKinds{
      {"default", RopeKind::kDefault}, {"linear", RopeKind::kLinear}, {"dynamic", RopeKind::kDynamic},
      {"yarn", RopeKind::kYarn},       {"llama3", RopeKind::kLlama3}, {"longrope", RopeKind::kLongRope}};
  const Json& json = row["rope_parameters"];
  TransformerConfig c;
  c.head_dim = row["head_dim"], c.max_positions = row["max_positions"];
  Rope& r = c.rope;
  r.kind = kKinds.at(json["rope_type"]);
  r.theta = json["rope_theta"];
  r.factor = json.value("factor", r.factor);
  r.original_max_positions = json.value("original_max_position_embeddings", r.original_max_positions);
  r.low_freq_factor = json.value("low_freq_factor", r.low_freq_factor);
  r.high_freq_factor = json.value("high_freq_factor", r.high_freq_factor);
  r.beta_fast = json.value("beta_fast", r.beta_fast);
  r.beta_slow = json.value("beta_slow", r.beta_slow);
  r.attention_factor = json.value("attention_factor", r.attention_factor);
  r.mscale = json.value("mscale", r.mscale);
  r.mscale_all_dim = json.value("mscale_all_dim", r.mscale_all_dim);
  r.truncate = json.value("truncate", r.truncate);
  r.short_factor = json.value("short_factor", r.short_factor);
  r.long_factor = json.value("long_factor", r.long_factor);
  if (r.kind == RopeKind::kLongRope && !json.contains("factor"))
    r.factor = static_cast<double>(c.max_positions) / r.original_max_positions;
  return c;
}

// tools/fixtures/rope.py
TEST(Rope, FrequenciesAndScalesAreTransformers) {
  for (const Json& row : read_json(LINNET_SOURCE_DIR "/tests/fixtures/rope.json")) {
    const RopeFrequencies found = rope_frequencies(config_of(row), row["length"]);
    const auto wanted = row["inverse"].get<std::vector<float>>();
    ASSERT_EQ(found.inverse.size(), wanted.size()) << dump_json(row);
    for (std::size_t i = 0; i < wanted.size(); ++i)
      EXPECT_NEAR(found.inverse[i], wanted[i], 2e-6 * wanted[i]) << i << " of " << dump_json(row);
    EXPECT_NEAR(found.scale, row["scale"].get<double>(), 1e-9) << dump_json(row);
  }
}

TransformerConfig longrope() {
  TransformerConfig c;
  c.head_dim = 4, c.max_positions = 64;
  c.rope.kind = RopeKind::kLongRope, c.rope.original_max_positions = 8;
  c.rope.short_factor = {1, 1}, c.rope.long_factor = {2, 4};
  return c;
}

TEST(Rope, TableHoldsScaledCosinesAndSinesAndGrows) {
  TransformerConfig c = longrope();
  c.rope.kind = RopeKind::kYarn, c.rope.original_max_positions = 64, c.rope.factor = 4;
  const RopeFrequencies f = rope_frequencies(c, 1);
  RopeCache cache;
  for (const std::int64_t length : {3, 700}) {
    const RotaryTable& table = cache.table(c, c.rope, length, kCpu);
    ASSERT_GE(table.cosine.size(0), length);
    for (const std::int64_t p : {std::int64_t{0}, std::int64_t{2}, length - 1})
      for (std::size_t i = 0; i < 2; ++i) {
        const auto at = static_cast<std::size_t>(p) * 2 + i;
        EXPECT_NEAR(table.cosine.data<float>()[at], std::cos(static_cast<double>(p) * f.inverse[i]) * f.scale, 1e-4);
        EXPECT_NEAR(table.sine.data<float>()[at], std::sin(static_cast<double>(p) * f.inverse[i]) * f.scale, 1e-4);
      }
  }
}

// Two sequences of one batch, one within and one past the trained length, are rotated by their own angles.
TEST(Rope, RowsTurnByTheLengthOfTheirOwnSequence) {
  const TransformerConfig c = longrope();
  const std::vector<std::int32_t> positions{3, 3}, lengths{4, 9};
  const RotaryTable table = RopeCache::per_row(c, c.rope, positions, lengths, kCpu);
  for (std::size_t r = 0; r < 2; ++r) {
    const RopeFrequencies f = rope_frequencies(c, lengths[r]);
    for (std::size_t i = 0; i < 2; ++i)
      EXPECT_NEAR(table.sine.data<float>()[r * 2 + i], std::sin(3.0 * f.inverse[i]) * f.scale, 1e-6);
  }
  EXPECT_TRUE(depends_on_length(RopeKind::kLongRope));
  EXPECT_TRUE(depends_on_length(RopeKind::kDynamic));
  EXPECT_FALSE(depends_on_length(RopeKind::kYarn));
}

TEST(Rope, APartOfTheHeadMayTurn) {
  TransformerConfig c;
  c.head_dim = 16, c.max_positions = 64;
  c.rope.partial = 0.25;
  EXPECT_EQ(rope_frequencies(c, 1).inverse.size(), 2U);
}

TEST(Rope, AWrongNumberOfFactorsIsRefused) {
  TransformerConfig c = longrope();
  c.rope.long_factor = {1, 2, 3};
  EXPECT_NO_THROW(rope_frequencies(c, 8));
  EXPECT_THROW(rope_frequencies(c, 9), Error);
}

}  // namespace
}  // namespace linnet::nn
