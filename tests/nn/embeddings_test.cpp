#include "linnet/nn/embeddings.h"

#include <gmock/gmock.h>

#include "linnet/base/error.h"
#include "tests/nn/small.h"

namespace linnet::nn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TransformerConfig config() {
  TransformerConfig c;
  c.vocab = 3, c.hidden = 2, c.max_positions = 4, c.token_types = 2;
  return c;
}

Embeddings made_embeddings(const TransformerConfig& c) {
  Embeddings e(c);
  for (const Parameter& p : parameters(e)) {
    const bool tokens = p.name == "tokens.weight", types = p.name == "types.weight";
    if (tokens)
      *p.tensor = matrix({1, 2, 3, 4, 5, 6}, 2);
    else if (types)
      *p.tensor = matrix({0, 0, 0.5F, -0.5F}, 2);
    else
      *p.tensor = matrix({10, 10, 20, 20, 30, 30, 40, 40}, 2);
  }
  return e;
}

TEST(Embeddings, AddsPositionsAndTypesByRow) {
  const Embeddings e = made_embeddings(config());
  Packed batch;
  batch.add(Ids{2, 0}, Ids{0, 1});
  batch.add(Ids{1}, {}, 3);
  EXPECT_THAT(values(e.tokens(batch, {})), ElementsAre(5, 6, 1, 2, 3, 4));
  EXPECT_THAT(values(e.finish(e.tokens(batch, {}), batch, {})), ElementsAre(15, 16, 21.5F, 21.5F, 43, 44));
}

// The scale has the precision of the table.
TEST(Embeddings, RowsOfTheTokenTableAreScaled) {
  TransformerConfig c = config();
  c.embedding_scale = 1.2345, c.rounds_embedding_scale = true;
  Embeddings e = made_embeddings(c);
  const Packed batch = pack(Texts{{1}});
  EXPECT_THAT(values(e.tokens(batch, {})), ElementsAre(3 * 1.2345F, 4 * 1.2345F));
  for (const Parameter& p : parameters(e))
    if (p.name == "tokens.weight") *p.tensor = cast(*p.tensor, DType::kBF16);
  EXPECT_THAT(values(e.tokens(batch, {})), ElementsAre(3 * 1.234375F, 4 * 1.234375F));
}

// Also rows that are no tokens' (soft prompts), before positions and types are added.
TEST(Embeddings, InputRowsAreScaled) {
  TransformerConfig c = config();
  const Packed batch = pack(Texts{{1}});
  const Tensor row = Tensor::from(std::vector<float>{6, 7}, {1, 2});
  const auto plain = values(made_embeddings(c).finish(row, batch, {}));
  c.input_scale = 1.5;
  const auto scaled = values(made_embeddings(c).finish(row, batch, {}));
  EXPECT_EQ(scaled[0] - plain[0], 3);
  EXPECT_EQ(scaled[1] - plain[1], 3.5F);
}

TEST(Embeddings, TypesAreZeroWhereNoneAreGiven) {
  const Embeddings e = made_embeddings(config());
  const Packed batch = pack(Texts{{0}});
  EXPECT_THAT(values(e.finish(e.tokens(batch, {}), batch, {})), ElementsAre(11, 12));
}

TEST(Embeddings, ATextPastTheTableIsRefusedWithBothNumbers) {
  const Embeddings e = made_embeddings(config());
  const Packed batch = pack(Texts{{0, 0, 0, 0, 0}});
  try {
    e.finish(e.tokens(batch, {}), batch, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalidArgument);
    EXPECT_THAT(error.what(), HasSubstr("5 tokens, the model's limit is 4"));
  }
  EXPECT_THROW(e.tokens(pack(Texts{{3}}), {}), Error);
  EXPECT_THROW(e.tokens(pack(Texts{{-1}}), {}), Error);
}

TEST(Embeddings, WithoutATableAnyLengthGoes) {
  TransformerConfig c = config();
  c.positions = Positions::kAlibi, c.token_types = 0;
  const Embeddings e = made_embeddings(c);
  const Packed batch = pack({Ids(50, 1)});
  EXPECT_EQ(distance(e.finish(e.tokens(batch, {}), batch, {}), e.tokens(batch, {})), 0);
}

TEST(Embeddings, NormAndDropoutComeLast) {
  TransformerConfig c = config();
  c.embedding_norm = true, c.embedding_dropout = 0.5, c.hidden = 8;
  Embeddings e(c);
  fill(e);
  EXPECT_THAT(names(parameters(e)),
              ElementsAre("tokens.weight", "positions.weight", "types.weight", "norm.weight", "norm.bias"));
  const Packed batch = pack(Texts{{0, 1, 2}});
  const Tensor kept = e.finish(e.tokens(batch, {}), batch, {}),
               dropped = e.finish(e.tokens(batch, {}), batch, {.training = true});
  int zeros = 0;
  for (std::size_t i = 0; i < values(kept).size(); ++i) {
    zeros += values(dropped)[i] == 0;
    EXPECT_TRUE(values(dropped)[i] == 0 || values(dropped)[i] == 2 * values(kept)[i]) << i;
  }
  EXPECT_GT(zeros, 4);
  EXPECT_LT(zeros, 20);
}

// The row of padding is that before the first position's, wherever it is in a text; what follows does not count it.
TEST(Embeddings, PositionsSkipPaddingAndStartBehindItsRow) {
  TransformerConfig c = config();
  c.position_offset = 2, c.max_positions = 2, c.token_types = 0;  // the table has 4 rows
  const Embeddings counted = made_embeddings(c);
  Packed batch = pack(Texts{{0, 2}, {2}});
  EXPECT_THAT(values(counted.finish(counted.tokens(batch, {}), batch, {})), ElementsAre(31, 32, 45, 46, 35, 36));
  c.padding_has_no_position = true;  // of id 1
  const Embeddings skipped = made_embeddings(c);
  batch = pack(Texts{{1, 2}, {0, 1}});
  EXPECT_THAT(values(skipped.finish(skipped.tokens(batch, {}), batch, {})),
              ElementsAre(23, 24, 35, 36, 31, 32, 23, 24));
  batch.ids = {kNoToken, 1, 0, 1};  // a soft prompt before the first text
  const Tensor zeros = Tensor::zeros({4, 2});
  EXPECT_THAT(values(skipped.finish(zeros, batch, {})), ElementsAre(30, 30, 40, 40, 30, 30, 20, 20));
  EXPECT_THROW(skipped.finish(Tensor::zeros({3, 2}), pack(Texts{{0, 0, 0}}), {}), Error);
}

TEST(Embeddings, NarrowTablesAreProjectedBehindTheNorm) {
  TransformerConfig c = config();
  c.embedding_size = 4, c.embedding_projection = true, c.embedding_norm = true;
  Embeddings e(c);
  EXPECT_THAT(names(parameters(e)), ElementsAre("tokens.weight", "positions.weight", "types.weight", "norm.weight",
                                                "norm.bias", "projection.weight", "projection.bias"));
  fill(e);
  EXPECT_EQ(parameters(e)[0].shape, (Shape{3, 4}));
  EXPECT_EQ(parameters(e)[3].shape, (Shape{4}));
  EXPECT_EQ(parameters(e)[5].shape, (Shape{2, 4}));
  const Packed batch = pack(Texts{{0, 1}});
  const Tensor out = e.finish(e.tokens(batch, {}), batch, {});
  EXPECT_EQ(out.shape(), (Shape{2, 2}));
  for (float& bias : parameters(e)[6].tensor->data<float>()) bias += 1;
  const Tensor moved = e.finish(e.tokens(batch, {}), batch, {});
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(values(moved)[i], values(out)[i] + 1, 1e-6) << i;
}

TEST(Embeddings, NarrowTokensAreProjectedBeforePositions) {
  TransformerConfig c = config();
  c.embedding_size = 4, c.token_projection = true;
  Embeddings e(c);
  EXPECT_THAT(names(parameters(e)),
              ElementsAre("tokens.weight", "token_projection.weight", "positions.weight", "types.weight"));
  EXPECT_EQ(parameters(e)[1].shape, (Shape{2, 4}));
  EXPECT_EQ(parameters(e)[2].shape[1], 2);
  fill(e);
  const Packed batch = pack(Texts{{0, 1}});
  const Tensor out = e.finish(e.tokens(batch, {}), batch, {});
  for (float& row : parameters(e)[2].tensor->data<float>()) row += 1;
  const Tensor moved = e.finish(e.tokens(batch, {}), batch, {});
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(values(moved)[i], values(out)[i] + 1, 1e-6) << i;
}

TEST(Embeddings, TwoStacksShareATable) {
  const Embeddings source = made_embeddings(config());
  Embeddings other(config());
  other.share_tokens(source);
  EXPECT_TRUE(other.token_table().same(source.token_table()));
}

}  // namespace
}  // namespace linnet::nn
