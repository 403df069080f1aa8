#include "linnet/nn/role.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/nn/small.h"

namespace linnet::nn {
namespace {

std::set<Role> roles_that(bool (*question)(Role)) {
  std::set<Role> found;
  for (int i = 0; i < static_cast<int>(Role::kCount); ++i)
    if (question(static_cast<Role>(i))) found.insert(static_cast<Role>(i));
  return found;
}

TEST(Role, QuestionsAreAnsweredForEveryRole) {
  using enum Role;
  EXPECT_EQ(roles_that(is_table), (std::set{kTokenTable, kPositionTable, kTypeTable, kAdapterTable}));
  EXPECT_EQ(roles_that(is_norm), (std::set{kNorm, kHeadNorm}));
  EXPECT_EQ(roles_that(is_layer_linear),
            (std::set{kQuery, kKey, kValue, kQkv, kAttentionOutput, kGate, kUp, kGateUp, kDown}));
  EXPECT_EQ(roles_that(is_head),
            (std::set{kHeadTransform, kHeadNorm, kOutput, kNextSentence, kClassifierDense, kClassifier}));
  EXPECT_EQ(roles_that(is_head_or_pooler),
            (std::set{kPooler, kHeadTransform, kHeadNorm, kOutput, kNextSentence, kClassifierDense, kClassifier}));
}

// A linear module has the role of its tensors.
TEST(Role, LinearsHaveThatOfTheirTensors) {
  TransformerConfig c = small_config();
  c.stack = Stack::kEncoderDecoder;
  c.decoder_layers = 2;
  c.ffn_kind = FeedForwardKind::kGated;
  Transformer t(c);
  for (const NamedLinear& l : linears(t)) {
    int tensors = 0;
    for (const Parameter& p : parameters(t)) {
      if (p.module() != l.name) continue;
      EXPECT_EQ(p.role, l.role) << p.name;
      EXPECT_EQ(p.part, p.name.ends_with(".weight") ? Part::kWeight : Part::kBias) << p.name;
      ++tensors;
    }
    EXPECT_GE(tensors, 1) << l.name;
  }
}

// Cross attention has the roles of attention.
TEST(Role, OfCrossAttentionIsThatOfAttention) {
  TransformerConfig c = small_config();
  c.stack = Stack::kEncoderDecoder;
  c.decoder_layers = 1;
  Transformer t(c);
  std::set<Role> roles;
  for (const NamedLinear& l : linears(t))
    if (l.name.find("cross_attention") != std::string::npos) roles.insert(l.role);
  EXPECT_EQ(roles, (std::set{Role::kQuery, Role::kKey, Role::kValue, Role::kAttentionOutput}));
}

}  // namespace
}  // namespace linnet::nn
