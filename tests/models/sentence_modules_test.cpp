#include "linnet/models/sentence_modules.h"

#include <gmock/gmock.h>

#include "linnet/io/checkpoint.h"
#include "tests/scratch.h"

namespace linnet::models {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<float> values(const Tensor& x) { return {x.data<float>().begin(), x.data<float>().end()}; }

// A Dense module from two dimensions to one.
void put_dense(const std::filesystem::path& folder, std::string_view config) {
  put(folder / "config.json", config);
  CheckpointWriter out(folder);
  out.add("linear.weight", Tensor::from(std::vector<float>{2, -3}, {1, 2}));
  out.add("linear.bias", Tensor::from(std::vector<float>{1}, {1}));
  out.finish();
}

TEST(SentenceModules, DenseMultipliesAddsAndActivates) {
  Scratch scratch;
  const Tensor x = Tensor::from(std::vector<float>{1, 2, 2, 1}, {2, 2});
  put_dense(scratch / "d",
            R"({"in_features": 2, "out_features": 1, "activation_function": "torch.nn.modules.linear.Identity"})");
  const auto identity = read_sentence_module("Dense", scratch / "d");
  EXPECT_THAT(values(identity->run(x)), ElementsAre(-3, 2));
  EXPECT_EQ(identity->in(), 2);
  EXPECT_EQ(identity->out(), 1);
  put_dense(scratch / "d",
            R"({"in_features": 2, "out_features": 1, "activation_function": "torch.nn.modules.activation.ReLU"})");
  EXPECT_THAT(values(read_sentence_module("Dense", scratch / "d")->run(x)), ElementsAre(0, 2));
  put_dense(scratch / "d", R"({"in_features": 2, "out_features": 1})");
  EXPECT_NEAR(values(read_sentence_module("Dense", scratch / "d")->run(x))[1], std::tanh(2.0), 1e-6);
}

// A module's options are applied or rejected by name.
TEST(SentenceModules, WhatDoesNotFitIsNamed) {
  Scratch scratch;
  const auto refused = [&](std::string_view config) {
    put_dense(scratch / "d", config);
    return refusal([&] { read_sentence_module("Dense", scratch / "d"); });
  };
  EXPECT_THAT(refused(R"({"in_features": 2})"), HasSubstr("out_features"));
  EXPECT_THAT(refused(R"({"in_features": 3, "out_features": 1})"), HasSubstr("'linear.weight' is F32 [1, 2]"));
  EXPECT_THAT(refused(R"({"in_features": 2, "out_features": 1, "bias": false})"), HasSubstr("'linear.bias' belongs"));
  EXPECT_THAT(refused(R"({"in_features": 2, "out_features": 1, "activation_function": "my.Act"})"),
              HasSubstr("'my.Act'"));
  EXPECT_THAT(refused(R"({"in_features": 2, "out_features": 1, "rank": 2})"), HasSubstr("option 'rank'"));
  EXPECT_THAT(refused(R"({"in_features": 2, "out_features": 1, "use_residual": true})"), HasSubstr("residual.weight"));
  EXPECT_THAT(refused(R"({"in_features": 2, "out_features": 1, "module_input_name": "token_embeddings"})"),
              HasSubstr("'token_embeddings'"));
  EXPECT_THAT(refused(R"({"in_features": 2, "out_features": 1000000000})"), HasSubstr("out_features"));
  EXPECT_THAT(refusal([&] { read_sentence_module("LSTM", scratch / "d"); }), HasSubstr("a LSTM module"));
  put(scratch / "n/config.json", R"({"dimension": 2})");
  EXPECT_THAT(refusal([&] { read_sentence_module("LayerNorm", scratch / "n"); }), HasSubstr("model.safetensors"));
}

TEST(SentenceModules, NormalizeScalesToOneAndDropoutDoesNothing) {
  Scratch scratch;
  const auto module = read_sentence_module("Normalize", scratch / "none");
  EXPECT_THAT(values(module->run(Tensor::from(std::vector<float>{3, 4, 0, 0}, {2, 2}))), ElementsAre(0.6F, 0.8F, 0, 0));
  EXPECT_TRUE(module->normalizes());
  EXPECT_EQ(read_sentence_module("Dropout", scratch / "none"), nullptr);
}

}  // namespace
}  // namespace linnet::models
