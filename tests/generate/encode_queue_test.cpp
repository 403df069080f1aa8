// Texts to encode, in an engine.
#include "linnet/generate/encode_queue.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "linnet/base/error.h"
#include "tests/generate/engine_fixture.h"

namespace linnet::generate {
namespace {

std::vector<float> values_of(const Tensor& x) {
  const Tensor here = x.to(kCpu);
  return {here.data<float>().begin(), here.data<float>().end()};
}

Tensor alone(const models::Model& model, const Ids& ids) { return model.forward(nn::pack({ids})); }

// An engine that encodes texts of 1 to 39 tokens into `found`.
void submit_texts(Engine& engine, HiddenRows rows, std::vector<std::vector<float>>& found) {
  for (std::size_t i = 0; i < found.size(); ++i)
    engine.submit(EncodeRequest{.ids = random_ids(1 + i * 17 % 39, engine.model(), i),
                                .rows = rows,
                                .on_end = [&found, i](const Tensor& hidden) { found[i] = values_of(hidden); }});
}

TEST(EncodeQueue, HiddenStatesAreThoseOfEachAlone) {
  for (const char* fixture : {"bert/masked", "llama/causal"}) {
    const auto model = make_model(fixture);
    for (const std::int64_t tokens : {1, 50, 4000}) {
      Engine engine(*model, {.batch_tokens = tokens});
      std::vector<std::vector<float>> found(12);
      submit_texts(engine, HiddenRows::kTokens, found);
      EXPECT_EQ(engine.figures().requests, 12u);
      run(engine);
      for (std::size_t i = 0; i < found.size(); ++i)
        EXPECT_EQ(found[i], values_of(alone(*model, random_ids(1 + i * 17 % 39, *model, i)))) << fixture << " " << i;
    }
  }
}

TEST(EncodeQueue, PooledRowsAreTheInputOfTheHead) {
  const auto model = models::load_model(fixtures() / "bert/classifier");
  Engine engine(*model, {.batch_tokens = 60});
  std::vector<std::vector<float>> found(9), tokens(2);
  submit_texts(engine, HiddenRows::kPooled, found);
  submit_texts(engine, HiddenRows::kTokens, tokens);
  run(engine);
  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_EQ(found[i], values_of(model->pooled(nn::pack({random_ids(1 + i * 17 % 39, *model, i)}))));
  EXPECT_EQ(tokens[1], values_of(alone(*model, random_ids(18, *model, 1))));
}

// Neither kind of request waits until the other has ended.
TEST(EncodeQueue, GenerationGoesOnBesideIt) {
  const auto model = make_model("llama/causal");
  const Ids prompt = random_ids(20, *model, 3);
  const Ids wanted = generate(*model, prompt, {.max_new_tokens = 8}).ids;
  Engine engine(*model, {.batch_tokens = 40});
  std::vector<std::vector<float>> found(30);
  std::size_t encoded_before = 0;
  Ids text;
  engine.submit(Request{.prompt = prompt, .options = {.max_new_tokens = 8}, .on_end = [&](Generation& g) {
                          text = g.ids;
                          for (const auto& one : found) encoded_before += one.empty() ? 0 : 1;
                        }});
  submit_texts(engine, HiddenRows::kTokens, found);
  run(engine);
  EXPECT_EQ(text, wanted);
  EXPECT_GT(encoded_before, 0u);
  EXPECT_LT(encoded_before, found.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_EQ(found[i], values_of(alone(*model, random_ids(1 + i * 17 % 39, *model, i))));
}

TEST(EncodeQueue, BatchesAreEven) {
  const auto model = make_model("bert/masked");
  Engine engine(*model, {.batch_tokens = 70});
  for (int i = 0; i < 10; ++i) engine.submit(EncodeRequest{.ids = Ids(10, 5)});
  engine.step();
  EXPECT_EQ(engine.figures().computed, 50);
  run(engine);
  EXPECT_EQ(engine.figures().computed, 100);
}

TEST(EncodeQueue, CancelledTextsAreNotComputed) {
  const auto model = make_model("bert/masked");
  Engine engine(*model);
  int ended = 0;
  std::vector<RequestId> ids;
  for (int i = 0; i < 3; ++i)
    ids.push_back(engine.submit(EncodeRequest{.ids = {5, 6, 7}, .on_end = [&](const Tensor&) { ++ended; }}));
  engine.cancel(ids[1]);
  run(engine);
  EXPECT_EQ(ended, 2);
  EXPECT_EQ(engine.figures().computed, 6);
}

TEST(EncodeQueue, ACallbackThatThrowsLosesNoOtherText) {
  const auto model = make_model("bert/masked");
  Engine engine(*model);
  int ended = 0;
  engine.submit(EncodeRequest{.ids = {5, 6}, .on_end = [&](const Tensor&) { ++ended; }});
  engine.submit(EncodeRequest{.ids = {5, 7}, .on_end = [&](const Tensor&) { throw std::logic_error("mine"); }});
  engine.submit(EncodeRequest{.ids = {5, 8}, .on_end = [&](const Tensor&) { ++ended; }});
  EXPECT_EQ(steps_that_throw<std::logic_error>(engine), 1);
  EXPECT_EQ(ended, 2);
}

TEST(EncodeQueue, InterruptedTextsWaitAgain) {
  const auto model = make_model("bert/masked");
  for (int at = 1; at <= 4; ++at) {
    int layers = 0;
    Engine engine(*model, {.batch_tokens = 30, .interrupted = [&] { return ++layers == at; }});
    std::vector<std::vector<float>> found(6);
    submit_texts(engine, HiddenRows::kTokens, found);
    EXPECT_EQ(steps_that_throw<nn::Interrupted>(engine), 1);
    for (std::size_t i = 0; i < found.size(); ++i)
      EXPECT_EQ(found[i], values_of(alone(*model, random_ids(1 + i * 17 % 39, *model, i)))) << i;
  }
}

// Also one that was in the batch of a step that throws.
TEST(EncodeQueue, ACancelledTextIsNeverDelivered) {
  const auto model = make_model("bert/masked");
  Engine engine(*model);
  int delivered = 0;
  RequestId last = 0;
  engine.submit(EncodeRequest{.ids = {5, 6}, .on_end = [&](const Tensor&) {
                                engine.cancel(last);
                                throw std::logic_error("mine");
                              }});
  engine.submit(EncodeRequest{.ids = {5, 7}, .on_end = [&](const Tensor&) { ++delivered; }});
  last = engine.submit(EncodeRequest{.ids = {5, 8}, .on_end = [&](const Tensor&) { delivered += 100; }});
  EXPECT_EQ(steps_that_throw<std::logic_error>(engine), 1);
  EXPECT_EQ(delivered, 1);
}

// A text whose results are not finite fails alone; the others are answered.
TEST(EncodeQueue, ATextThatFailsDoesNotStopTheOthers) {
  const auto model = make_model("bert/masked");
  for (const nn::Parameter& p : model->parameters())
    if (p.role == nn::Role::kTokenTable)
      for (float& x : p.tensor->slice(0, 9, 10).data<float>()) x = NAN;
  Engine engine(*model);
  int delivered = 0;
  for (const std::int32_t id : {7, 9, 8, 9, 6})
    engine.submit(EncodeRequest{.ids = {5, id}, .on_end = [&](const Tensor&) { ++delivered; }});
  EXPECT_EQ(steps_that_throw<Error>(engine), 3);  // the batch, then two alone
  EXPECT_EQ(delivered, 3);
}

// A tokenizer gives types to pairs that some families do not read.
TEST(EncodeQueue, TypesOfAModelWithoutThemAreIgnored) {
  const auto model = models::load_model(fixtures() / "distilbert/classifier");
  Engine engine(*model);
  std::vector<float> found;
  engine.submit(EncodeRequest{
      .ids = {5, 6, 7}, .type_ids = {0, 1, 1}, .on_end = [&](const Tensor& hidden) { found = values_of(hidden); }});
  run(engine);
  EXPECT_EQ(found, values_of(alone(*model, {5, 6, 7})));
}

TEST(EncodeQueue, ClassesAreTheHeadsLogits) {
  const auto model = models::load_model(fixtures() / "bert/classifier");
  Engine engine(*model);
  std::vector<std::vector<float>> found(5);
  submit_texts(engine, HiddenRows::kClasses, found);
  run(engine);
  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_EQ(found[i], values_of(model->classify(model->pooled(nn::pack({random_ids(1 + i * 17 % 39, *model, i)})))));
}

TEST(EncodeQueue, RequestsThatCannotBeAreRefused) {
  const auto model = make_model("bert/masked");
  Engine engine(*model);
  EXPECT_THROW(engine.submit(EncodeRequest{}), Error);
  EXPECT_THROW(engine.submit(EncodeRequest{.ids = {5, 6}, .type_ids = {0}}), Error);
  EXPECT_THROW(engine.submit(EncodeRequest{.ids = Ids(513, 5)}), Error);
  EXPECT_THROW(engine.submit(EncodeRequest{.ids = {5, 1000}}), Error);
  EXPECT_THROW(engine.submit(EncodeRequest{.ids = {5, -1}}), Error);
  EXPECT_THROW(engine.submit(EncodeRequest{.ids = {5, 6}, .type_ids = {0, 2}}), Error);
}

}  // namespace
}  // namespace linnet::generate
