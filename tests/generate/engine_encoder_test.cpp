// Requests to an encoder-decoder.
#include <gtest/gtest.h>

#include <algorithm>

#include "linnet/base/error.h"
#include "tests/generate/engine_fixture.h"
#include "tests/models/tiny_encoder_decoder.h"
#include "tests/quarantine.h"

namespace linnet::generate {
namespace {

std::unique_ptr<models::Model> tiny_model(DType type = DType::kF32) {
  auto model = models::Model::from_config(kTiny, tiny_config(), 5);
  for (const nn::Parameter& p : model->parameters())
    if (p.shape.size() == 2) *p.tensor = models::convert_weight(*p.tensor, type);
  model->to(kCpu);  // ties the tables
  return model;
}

std::size_t encoder_length(std::size_t i) { return 1 + i * 13 % 60; }

std::vector<Request> requests_of(const models::Model& model, std::size_t count) {
  std::vector<Request> requests;
  for (std::size_t i = 0; i < count; ++i) {
    Request r{.encoder_ids = random_ids(encoder_length(i), model, i)};
    if (i % 3 == 0) r.prompt = {0, 5, 6};
    r.options.max_new_tokens = static_cast<std::int64_t>(1 + i * 7 % 12);
    r.options.sampling.do_sample = i % 2 == 1;
    r.options.seed = i;
    requests.push_back(std::move(r));
  }
  return requests;
}

// The logits after each of `ids`, computed in one pass without a cache.
std::vector<float> whole_pass(const models::Model& model, const Ids& encoder_ids, const Ids& ids) {
  const nn::Encoded encoded = model.encode(nn::pack({encoder_ids}));
  const Tensor logits = model.logits(model.forward(nn::pack({ids}), {.encoder = &encoded}));
  return {logits.data<float>().begin(), logits.data<float>().end()};
}

TEST(EngineEncoder, GreedyTextsAreThoseOfWholePasses) {
  for (const DType type : {DType::kF32, DType::kBF16}) {
    const auto model = tiny_model(type);
    const Ids read = random_ids(17, *model, 3);
    Ids ids{0};
    for (int step = 0; step < 6; ++step) {
      const auto logits = whole_pass(*model, read, ids);
      const auto last = logits.end() - model->config().vocab;
      ids.push_back(static_cast<std::int32_t>(std::max_element(last, logits.end()) - last));
    }
    Engine engine(*model);
    const Generation made = generate(engine, Request{.options = {.max_new_tokens = 6}, .encoder_ids = read});
    EXPECT_EQ(made.ids, Ids(ids.begin() + 1, ids.end())) << info(type).name;
    EXPECT_EQ(made.prompt_tokens, 17);
  }
}

// Also in a pool so small that texts wait, and are encoded again.
TEST(EngineEncoder, EveryTextIsAsIfItWereAloneAndEncodedOnce) {
  for (const DType type : {DType::kF32, DType::kBF16}) {
    const auto model = tiny_model(type);
    const auto requests = requests_of(*model, 14);
    std::vector<Ids> wanted;
    std::int64_t read = 0;
    for (const Request& request : requests) {
      Engine engine(*model);
      wanted.push_back(generate(engine, request).ids);
      EXPECT_EQ(engine.figures().encoded, std::ssize(request.encoder_ids));
      read += std::ssize(request.encoder_ids);
    }
    for (const auto& [tokens, blocks] : {std::pair{1, std::size_t{2}}, {30, 5}, {512, 100}}) {
      Engine engine(*model, {.memory = blocks * block_bytes(*model), .batch_tokens = tokens});
      std::vector<Ids> found(requests.size());
      for (std::size_t i = 0; i < requests.size(); ++i) {
        Request request = requests[i];
        request.on_end = [&found, i](Generation& g) { found[i] = g.ids; };
        engine.submit(std::move(request));
      }
      while (engine.step()) EXPECT_LE(engine.figures().blocks_used, blocks);
      EXPECT_EQ(found, wanted) << tokens << " tokens a step, " << blocks << " blocks";
      EXPECT_EQ(engine.figures().blocks_used, 0u);
      EXPECT_TRUE(blocks < 100 || engine.figures().encoded == read) << engine.figures().encoded;
    }
  }
}

TEST(EngineEncoder, ScoresAreThoseOfAWholePass) {
  const auto model = tiny_model();
  const Ids read = random_ids(21, *model, 4);
  const std::vector<Ids> continuations{{5}, {5, 6}, {8, 9, 10}, {8, 9, 11, 12}};
  std::vector<Score> found;
  Engine engine(*model);
  engine.submit(ScoreRequest{.continuations = continuations,
                             .on_end = [&](const std::vector<Score>& scores) { found = scores; },
                             .encoder_ids = read});
  run(engine);
  EXPECT_EQ(engine.figures().encoded, 21);
  ASSERT_EQ(found.size(), continuations.size());
  for (std::size_t i = 0; i < continuations.size(); ++i) {
    Ids ids{0};
    ids.insert(ids.end(), continuations[i].begin(), continuations[i].end());
    const auto logits = whole_pass(*model, read, ids);
    const auto vocab = static_cast<std::size_t>(model->config().vocab);
    double sum = 0;
    for (std::size_t t = 0; t < continuations[i].size(); ++t) {
      const auto row = std::span(logits).subspan(t * vocab, vocab);
      double total = 0;
      for (const float x : row) total += std::exp(static_cast<double>(x));
      sum += row[static_cast<std::size_t>(continuations[i][t])] - std::log(total);
    }
    EXPECT_NEAR(found[i].logprob, sum, 1e-5) << i;
  }
}

// Learned rows of every kind, and a LoRA, which the model has for all requests.
TEST(EngineEncoder, TheModelsAdapterIsUsed) {
  const auto model = tiny_model();
  const nn::TransformerConfig& c = model->config();
  Rng rng(7);
  const auto learned = [&](std::int64_t rows) {
    Tensor t = Tensor::empty({rows, c.hidden});
    for (float& x : t.data<float>()) x = rng.normal();
    return t;
  };
  const auto prefix = [&](std::int64_t rows) {
    std::vector<nn::PrefixKv> layers(2);
    for (nn::PrefixKv& layer : layers) layer = {learned(rows), learned(rows)};
    return layers;
  };
  const Ids read = random_ids(17, *model, 3);
  for (const auto& tokens :
       {nn::VirtualTokens{.prompt = learned(5)},
        nn::VirtualTokens{.prefix = prefix(3), .encoder_prefix = prefix(2), .cross_prefix = prefix(4)}}) {
    model->set_virtual_tokens(tokens);
    Ids ids{0};
    for (int step = 0; step < 5; ++step) {
      const auto logits = whole_pass(*model, read, ids);
      const auto last = logits.end() - c.vocab;
      ids.push_back(static_cast<std::int32_t>(std::max_element(last, logits.end()) - last));
    }
    for (const std::size_t blocks : {2, 20}) {
      Engine engine(*model, {.memory = blocks * block_bytes(*model), .batch_tokens = 3});
      EXPECT_EQ(generate(engine, Request{.options = {.max_new_tokens = 5}, .encoder_ids = read}).ids,
                Ids(ids.begin() + 1, ids.end()));
      EXPECT_EQ(engine.figures().blocks_used, 0u);
    }
  }
  EXPECT_EQ(model->context(), 64 - 3);                                             // the prompt is the encoder's
  EXPECT_THROW(Engine(*model).submit(Request{.encoder_ids = Ids(63, 5)}), Error);  // its prefix has 2 of 64 positions
}

// Texts that continue each other read one encoding, also if they wait and it is computed again.
TEST(EngineEncoder, ScoresInASmallPoolAreTheSame) {
  const auto model = tiny_model();
  const auto scores_with = [&](std::size_t blocks, std::int64_t tokens, std::int64_t& encoded) {
    Engine engine(*model, {.memory = blocks * block_bytes(*model), .batch_tokens = tokens});
    std::vector<std::vector<double>> found(5);
    for (std::size_t i = 0; i < found.size(); ++i) {
      ScoreRequest r{.prompt = {0, 7}, .encoder_ids = random_ids(encoder_length(i), *model, i)};
      for (std::int32_t word = 5; word < 25; ++word) r.continuations.push_back({word, word + 1, 9, word});
      r.on_end = [&found, i](const std::vector<Score>& scores) {
        for (const Score& s : scores) found[i].push_back(s.logprob);
      };
      engine.submit(std::move(r));
    }
    while (engine.step()) EXPECT_LE(engine.figures().blocks_used, blocks);
    EXPECT_EQ(engine.figures().blocks_used, 0u);
    encoded = engine.figures().encoded;
    return found;
  };
  std::int64_t once = 0, again = 0;
  const auto wanted = scores_with(1000, 4000, once);
  std::int64_t all = 0;
  for (std::size_t i = 0; i < 5; ++i) all += static_cast<std::int64_t>(encoder_length(i));
  EXPECT_EQ(once, all);
  for (const auto& [blocks, tokens] : {std::pair{std::size_t{2}, 1}, {3, 50}, {6, 500}})
    EXPECT_EQ(scores_with(blocks, tokens, again), wanted) << blocks << " blocks";
}

// A long text does not wait until all older ones have ended.
TEST(EngineEncoder, LongTextsAreEncodedOneAStep) {
  const auto model = tiny_model();
  Engine engine(*model, {.batch_tokens = 16});
  for (std::size_t i = 0; i < 4; ++i)
    engine.submit(Request{.options = {.max_new_tokens = 30}, .encoder_ids = random_ids(40, *model, i)});
  for (int step = 0; step < 6; ++step) engine.step();
  EXPECT_EQ(engine.figures().encoded, 4 * 40);
}

// At any layer of the encoder or the decoder.
TEST(EngineEncoder, InterruptedAndCancelledTextsLeaveNoBlocks) {
  const auto model = tiny_model();
  const auto requests = requests_of(*model, 5);
  std::vector<Ids> wanted;
  for (const Request& request : requests) {
    Engine alone(*model);
    wanted.push_back(generate(alone, request).ids);
  }
  for (int at = 1; at <= 12; ++at) {
    int layers = 0;
    Engine engine(*model, {.batch_tokens = 100, .interrupted = [&] { return ++layers == at; }});
    std::vector<Ids> found(requests.size());
    std::vector<RequestId> ids;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      Request request = requests[i];
      request.on_end = [&found, i](Generation& g) { found[i] = g.ids; };
      ids.push_back(engine.submit(std::move(request)));
    }
    if (at % 2 == 0) engine.cancel(ids[4]);
    EXPECT_EQ(steps_that_throw<nn::Interrupted>(engine), 1) << at;
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(found[i], wanted[i]) << i << ", interrupted at layer " << at;
    EXPECT_EQ(engine.figures().blocks_used, 0u);
  }
  int layers = 0;  // the encoder has two
  Engine engine(*model, {.interrupted = [&] { return ++layers == 1; }});
  engine.submit(Request{.encoder_ids = {5, 6}});
  EXPECT_THROW(engine.step(), nn::Interrupted);
  EXPECT_EQ(layers, 1);
}

TEST(EngineEncoder, ADeviceWhoseMemoryOnlyKernelsTouchGivesTheSameTexts) {
  const auto reference = make_reference_backend();
  const BackendGuard guard(*reference);
  const auto here = tiny_model(), there = tiny_model();
  there->to(quarantine());
  for (const Request& request : requests_of(*here, 4)) {
    Engine a(*here), b(*there);
    EXPECT_EQ(generate(b, request).ids, generate(a, request).ids);
  }
}

TEST(EngineEncoder, TheFirstTokensAreThoseOfTheOptions) {
  const auto model = tiny_model();
  const Ids read = random_ids(9, *model, 2);
  const auto made = [&](GenerateOptions options, Ids prompt = {}) {
    options.max_new_tokens = 5;
    Engine engine(*model);
    return generate(engine, Request{.prompt = std::move(prompt), .options = options, .encoder_ids = read}).ids;
  };
  EXPECT_EQ(made({.decoder_start_id = 7}), made({}, {7}));
  EXPECT_NE(made({.decoder_start_id = 7}), made({}));
  EXPECT_EQ(made({.forced_bos_id = 11})[0], 11);
  EXPECT_EQ(made({.forced_bos_id = 11}, {0, 5}), made({}, {0, 5}));  // only after the start token
}

TEST(EngineEncoder, RequestsThatCannotBeAreRefused) {
  const auto model = tiny_model(), decoder = make_model("llama/causal");
  Engine engine(*model), other(*decoder), small(*model, {.memory = block_bytes(*model)});
  EXPECT_THROW(engine.submit(Request{.prompt = {0}}), Error);  // nothing to read
  EXPECT_THROW(engine.submit(Request{.encoder_ids = Ids(65, 5)}), Error);
  EXPECT_THROW(engine.submit(Request{.encoder_ids = {67}}), Error);
  EXPECT_THROW(engine.submit(Request{.adapter = std::make_shared<nn::SequenceAdapter>(), .encoder_ids = {5}}), Error);
  EXPECT_THROW(engine.submit(EncodeRequest{.ids = Ids(65, 5)}), Error);
  EXPECT_THROW(other.submit(Request{.prompt = {5}, .encoder_ids = {5}}), Error);
  EXPECT_THROW(small.submit(Request{.encoder_ids = {5}}), Error);  // a block for each stack
}

// As in Transformers' models without decoder_input_ids.
TEST(EngineEncoder, BothStacksReadATextToEncode) {
  const auto model = tiny_model();
  Engine engine(*model);
  Tensor found;
  engine.submit(EncodeRequest{.ids = {5, 9, 6}, .on_end = [&](const Tensor& rows) { found = rows; }});
  while (engine.step()) {
  }
  const nn::Encoded encoded = model->encode(nn::pack({{5, 9, 6}}));
  const Tensor wanted =
      model->forward(nn::pack({model->decoder_input(std::vector<std::int32_t>{5, 9, 6})}), {.encoder = &encoded});
  ASSERT_TRUE(found);
  EXPECT_EQ(std::vector<float>(found.data<float>().begin(), found.data<float>().end()),
            std::vector<float>(wanted.data<float>().begin(), wanted.data<float>().end()));
}

}  // namespace
}  // namespace linnet::generate
