#include "linnet/nn/heads.h"

#include <gmock/gmock.h>

#include <array>

#include "linnet/base/error.h"
#include "tests/nn/small.h"

namespace linnet::nn {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TransformerConfig with(HeadKind head) {
  TransformerConfig c = small_config();
  c.hidden = 2;
  c.head = head;
  c.labels = {"a", "b", "c"};
  return c;
}

TEST(Head, PicksTheFirstOrTheLastRowOfEachSequence) {
  const Packed batch = pack(Texts{{1, 2, 3}, {4}});
  const Tensor hidden = matrix({1, 2, 3, 4, 5, 6, 7, 8}, 2);
  TransformerConfig c = with(HeadKind::kSequenceClass);
  c.pooling = Pooling::kLast;
  EXPECT_THAT(values(Head(c).pooled(hidden, batch, {})), ElementsAre(5, 6, 7, 8));
  c.pooling = Pooling::kFirst;
  EXPECT_THAT(values(Head(c).pooled(hidden, batch, {})), ElementsAre(1, 2, 7, 8));
  EXPECT_THROW(Head(c).pooled(hidden, pack(Texts{{1, 2, 3, 4}, {}}), {}), Error);
}

TEST(Head, PoolsTheWholeOfEachSequence) {
  const Packed batch = pack(Texts{{1, 2, 3}, {4}});
  const Tensor hidden = matrix({1, 6, 2, 4, 6, 5, 7, 8}, 2);
  TransformerConfig c = with(HeadKind::kSequenceClass);
  c.pooling = Pooling::kMean;
  EXPECT_EQ(Head(c).pooled_row(), OutputRows::kAll);
  EXPECT_THAT(values(Head(c).pooled(hidden, batch, {})), ElementsAre(3, 5, 7, 8));
  c.pooling = Pooling::kMax;
  EXPECT_THAT(values(Head(c).pooled(hidden, batch, {})), ElementsAre(6, 6, 7, 8));
  EXPECT_THROW(Head(c).pooled(hidden, pack(Texts{{1, 2, 3, 4}, {}}), {}), Error);
}

TEST(Head, PoolerIsATanhOfTheFirstRow) {
  TransformerConfig c = with(HeadKind::kSequenceClass);
  c.pooling = Pooling::kFirst;
  c.pooler = true;
  Head head(c);
  struct Pooler {
    Head& head;
    void visit(Visitor& v) { head.visit_pooler(v); }
  } pooler{head};
  const auto parts = parameters(pooler);
  EXPECT_THAT(names(parts), ElementsAre("pooler.weight", "pooler.bias"));
  *parts[0].tensor = matrix({1, 0, 0, 2}, 2);
  *parts[1].tensor = Tensor::from(std::vector<float>{0.5F, 0}, {2});
  const auto pooled = values(head.pooled(matrix({0.25F, 0.5F, 9, 9}, 2), pack(Texts{{1, 2}}), {}));
  EXPECT_NEAR(pooled[0], std::tanh(0.75), 1e-6);
  EXPECT_NEAR(pooled[1], std::tanh(1.0), 1e-6);
}

TEST(Head, ClassifierIsOneMatrixOrTwoWithATanh) {
  TransformerConfig c = with(HeadKind::kSequenceClass);
  Head linear(c);
  *parameters(linear)[0].tensor = matrix({1, 1, 1, -1, 0, 2}, 2);
  EXPECT_THAT(values(linear.classify(matrix({3, 4}, 2), {})), ElementsAre(7, -1, 8));
  c.classifier = ClassifierKind::kMlp;
  Head mlp(c);
  EXPECT_THAT(names(parameters(mlp)), ElementsAre("dense.weight", "dense.bias", "classifier.weight"));
  const auto parts = parameters(mlp);
  *parts[0].tensor = matrix({1, 0, 0, 1}, 2);
  *parts[1].tensor = Tensor::zeros({2});
  *parts[2].tensor = matrix({1, 0, 0, 1, 1, 1}, 2);
  EXPECT_NEAR(values(mlp.classify(matrix({0.5F, 1}, 2), {}))[2], std::tanh(0.5) + std::tanh(1.0), 1e-6);
}

TEST(Head, ClassifierOfTwoMatricesHasItsActivationAndDropouts) {
  TransformerConfig c = with(HeadKind::kSequenceClass);
  c.classifier = ClassifierKind::kMlp;
  c.classifier_activation = Activation::kRelu;
  Head relu(c);
  const auto parts = parameters(relu);
  *parts[0].tensor = matrix({1, 0, 0, 1}, 2);
  *parts[1].tensor = Tensor::zeros({2});
  *parts[2].tensor = matrix({1, 0, 0, 1, 1, 1}, 2);
  EXPECT_THAT(values(relu.classify(matrix({-3, 2}, 2), {})), ElementsAre(0, 2, 2));
  // With the input dropped, too, a row keeps its values less often.
  c.classifier_dropout = 0.5;
  std::array<int, 2> whole{};
  for (const bool input : {false, true}) {
    c.classifier_input_dropout = input;
    Head head(c);
    for (std::size_t i = 0; i < 3; ++i) *parameters(head)[i].tensor = *parts[i].tensor;
    const auto y = values(head.classify(matrix(std::vector<float>(400, 1), 2), {.training = true}));
    for (std::size_t row = 0; row < 200; ++row) whole[input ? 1 : 0] += y[3 * row] > 0;
  }
  EXPECT_NEAR(whole[0], 100, 30);
  EXPECT_NEAR(whole[1], 50, 25);
}

TEST(Head, AMaskedLmTransformsToTheWidthOfTheTable) {
  TransformerConfig c = with(HeadKind::kMaskedLm);
  c.head_transform = true, c.embedding_size = 3;
  c.activation = Activation::kRelu, c.transform_activation = Activation::kTanh;
  Head head(c);
  const auto parts = parameters(head);
  EXPECT_EQ(parts[0].shape, (Shape{3, 2}));
  EXPECT_EQ(parts[2].shape, (Shape{3}));
  fill(head);
  const Tensor x = head.before_output(matrix({1, -2}, 2), {});
  Tensor hidden = linear(matrix({1, -2}, 2), *parts[0].tensor, *parts[1].tensor, {});
  hidden = layer_norm(activation(hidden, Activation::kTanh), *parts[2].tensor, *parts[3].tensor, 1e-5F);
  EXPECT_LT(distance(x, hidden), 1e-6);
  EXPECT_EQ(head.scores(x, Tensor::zeros({c.vocab, 3}), {}).shape(), (Shape{1, c.vocab}));
}

TEST(Head, EachClassifierHasItsDropout) {
  for (const auto& [kind, dropout] : {std::pair(HeadKind::kSequenceClass, &TransformerConfig::classifier_dropout),
                                      std::pair(HeadKind::kTokenClass, &TransformerConfig::token_dropout),
                                      std::pair(HeadKind::kQuestionAnswering, &TransformerConfig::question_dropout)}) {
    TransformerConfig c = with(kind);
    c.classifier_dropout = c.token_dropout = c.question_dropout = 0.9;
    c.*dropout = 0;
    Head head(c);
    fill(head);
    const Tensor x = matrix(std::vector<float>(40, 1), 2);
    EXPECT_EQ(distance(head.classify(x, {}), head.classify(x, {.training = true})), 0);
  }
}

TEST(Head, ClassifierDropsOnlyWhileTraining) {
  TransformerConfig c = with(HeadKind::kTokenClass);
  c.token_dropout = 0.9;
  Head head(c);
  fill(head);
  const Tensor x = matrix(std::vector<float>(40, 1), 2);
  EXPECT_EQ(distance(head.classify(x, {}), head.classify(x, {})), 0);
  EXPECT_GT(distance(head.classify(x, {}), head.classify(x, {.training = true})), 0.1);
}

TEST(Head, PartsByKind) {
  const auto parts = [](HeadKind kind, bool tied, bool transform) {
    TransformerConfig c = with(kind);
    c.tie_embeddings = tied;
    c.head_transform = transform;
    Head head(c);
    return names(parameters(head));
  };
  EXPECT_THAT(parts(HeadKind::kNone, true, false), IsEmpty());
  EXPECT_THAT(parts(HeadKind::kCausalLm, true, false), IsEmpty());
  EXPECT_THAT(parts(HeadKind::kCausalLm, false, false), ElementsAre("output.weight"));
  EXPECT_THAT(parts(HeadKind::kMaskedLm, true, true),
              ElementsAre("transform.weight", "transform.bias", "norm.weight", "norm.bias", "output_bias"));
  EXPECT_THAT(parts(HeadKind::kMaskedLm, false, true), ElementsAre("transform.weight", "transform.bias", "norm.weight",
                                                                   "norm.bias", "output.weight", "output.bias"));
  EXPECT_THAT(parts(HeadKind::kNextSentence, true, false), ElementsAre("next_sentence.weight", "next_sentence.bias"));
  EXPECT_THAT(parts(HeadKind::kTokenClass, true, false),
              ElementsAre("token_classifier.weight", "token_classifier.bias"));
  EXPECT_THAT(parts(HeadKind::kQuestionAnswering, true, false), ElementsAre("spans.weight", "spans.bias"));
}

// The dense module, activation and norm of a masked LM come before the classifier.
TEST(Head, AClassifierMayReadTheTransform) {
  TransformerConfig c = with(HeadKind::kSequenceClass);
  c.classifier = ClassifierKind::kTransform, c.head_transform_bias = false, c.norm_bias = false;
  c.labels = {"a", "b"}, c.classifier_bias = true, c.transform_activation = Activation::kRelu;
  Head head(c);
  fill(head);
  EXPECT_THAT(names(parameters(head)),
              ElementsAre("transform.weight", "norm.weight", "classifier.weight", "classifier.bias"));
  std::vector<Tensor> p;
  for (const Parameter& each : parameters(head)) p.push_back(*each.tensor);
  const Tensor x = Tensor::from(std::vector<float>(static_cast<std::size_t>(c.hidden), 0.3F), {1, c.hidden});
  const Tensor wanted = linear(layer_norm(activation(linear(x, p[0]), Activation::kRelu), p[1], {}, 1e-5F), p[2], p[3]);
  EXPECT_LE(distance(head.classify(x, {}), wanted), 1e-6);
}

TEST(Head, AnOutputMatrixMayHaveNoBias) {
  TransformerConfig c = with(HeadKind::kMaskedLm);
  c.head_transform = true, c.output_bias = false;
  for (const bool tied : {true, false}) {
    c.tie_embeddings = tied;
    Head head(c);
    for (const Parameter& p : parameters(head))
      EXPECT_FALSE(p.role == Role::kOutput && p.part == Part::kBias) << p.name;
  }
}

TEST(Head, ACapBoundsTheLogits) {
  TransformerConfig c = with(HeadKind::kCausalLm);
  c.tie_embeddings = true, c.output_softcap = 2;
  const auto scores = values(Head(c).scores(matrix({3, 0}, 2), matrix({1, 0, -9, 5}, 2), {}));
  EXPECT_NEAR(scores[0], 2 * std::tanh(1.5), 1e-6);
  EXPECT_NEAR(scores[1], -2, 1e-4);
}

TEST(Head, RowsAreDividedBeforeTheOutputMatrix) {
  TransformerConfig c = with(HeadKind::kCausalLm);
  c.output_divisor = 4;
  EXPECT_EQ(values(Head(c).before_output(matrix({3, -8}, 2), {})), (std::vector<float>{0.75F, -2}));
}

TEST(Head, TheOutputMatrixIsTheTableWhereTied) {
  const Tensor table = matrix({1, 2}, 2);
  TransformerConfig c = with(HeadKind::kCausalLm);
  EXPECT_TRUE(Head(c).output_weight(table).same(table));
  c.tie_embeddings = false;
  Head own(c);
  fill(own);
  EXPECT_FALSE(own.output_weight(table).same(table));
  EXPECT_EQ(own.output_weight(table).shape(), (Shape{c.vocab, c.hidden}));
}

}  // namespace
}  // namespace linnet::nn
