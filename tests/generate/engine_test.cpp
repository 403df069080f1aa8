#include "linnet/generate/engine.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <iostream>
#include <map>
#include <stdexcept>
#include <thread>

#include "linnet/base/error.h"
#include "linnet/models/loader.h"
#include "tests/generate/engine_fixture.h"
#include "tests/scratch.h"

namespace linnet::generate {
namespace {

Ids alone(const models::Model& model, const Request& request) {
  return generate(model, request.prompt, request.options).ids;
}

class EngineOf : public ::testing::TestWithParam<std::tuple<std::string, DType>> {};

TEST_P(EngineOf, ManyTextsAtOnceAreThoseOfEachAlone) {
  const auto model = make_model(std::get<0>(GetParam()), std::get<1>(GetParam()));
  const auto requests = mixed_requests(*model, 17);
  for (const std::int64_t batch : {1, 7, 512}) {
    Engine engine(*model, {.batch_tokens = batch});
    std::map<std::size_t, Ids> found;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      Request r = requests[i];
      r.on_end = [&found, i](Generation& g) { found[i] = g.ids; };
      engine.submit(std::move(r));
    }
    run(engine);
    for (std::size_t i = 0; i < requests.size(); ++i)
      EXPECT_EQ(found.at(i), alone(*model, requests[i])) << "text " << i << ", " << batch << " tokens a step";
    EXPECT_EQ(engine.figures().requests, 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(Fixtures, EngineOf, kFixturesAndTypes, fixture_and_type);

TEST(Engine, ASmallPoolWithRandomCancellationsLosesNothing) {
  const auto model = make_model("llama/causal");
  const std::size_t blocks = 6;
  Engine engine(*model, {.memory = blocks * block_bytes(*model), .batch_tokens = 40});
  const auto requests = mixed_requests(*model, 48);
  std::map<std::size_t, Generation> found;
  std::vector<RequestId> ids;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    Request r = requests[i];
    r.on_end = [&found, i](Generation& g) { EXPECT_TRUE(found.emplace(i, g).second); };
    ids.push_back(engine.submit(std::move(r)));
  }
  std::jthread canceller([&] {
    for (std::size_t i = 0; i < ids.size(); i += 3) {
      engine.cancel(ids[i]);
      std::this_thread::yield();
    }
  });
  while (engine.step()) EXPECT_LE(engine.figures().blocks_used, blocks);
  canceller.join();
  ASSERT_EQ(found.size(), requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const Ids whole = alone(*model, requests[i]);
    if (i % 3 != 0) {
      EXPECT_EQ(found[i].ids, whole) << i;
    }
    const Ids& made = found[i].ids;  // tokens before it was cancelled
    EXPECT_TRUE(made.size() <= whole.size() && std::equal(made.begin(), made.end(), whole.begin())) << i;
  }
  EXPECT_GT(engine.figures().waits, 0);
  // No block is lost: a text that needs all of them gets them.
  Request all{random_ids(blocks * 64 - 90, *model, 1)};
  all.options.max_new_tokens = 90;
  const Ids wanted = alone(*model, all);
  EXPECT_EQ(generate(engine, all.prompt, all.options).ids, wanted);
  all.options.max_new_tokens = 91;
  EXPECT_THROW(engine.submit(all), Error);
}

TEST(Engine, WhatAnEarlierTextBeganWithIsNotComputedAgain) {
  const auto model = make_model("llama/causal");
  Engine engine(*model);
  const Ids prompt = random_ids(200, *model, 3);
  const GenerateOptions options{.max_new_tokens = 70};
  const Generation first = generate(engine, prompt, options);
  EXPECT_EQ(engine.figures().found, 0);
  const std::int64_t before = engine.figures().computed;
  EXPECT_EQ(before, 200 + 69);
  EXPECT_EQ(generate(engine, prompt, options).ids, first.ids);
  EXPECT_EQ(engine.figures().found, 199);  // all except the last, whose row scores the next token
  EXPECT_EQ(engine.figures().computed - before, 1 + 69);
  Ids longer = prompt;  // like the next turn of a chat
  longer.insert(longer.end(), first.ids.begin(), first.ids.end());
  longer.push_back(3);
  EXPECT_EQ(generate(engine, longer, options).ids, generate(*model, longer, options).ids);
  EXPECT_EQ(engine.figures().found, 199 + 269);
}

// The prefix in the only block would need a copy, for which there is no block.
TEST(Engine, APrefixInTheOnlyBlockDoesNotStopTheNextText) {
  const auto model = make_model("llama/causal");
  Engine engine(*model, {.memory = block_bytes(*model)});
  const Ids prompt = random_ids(20, *model, 3);
  const GenerateOptions options{.max_new_tokens = 5};
  const Ids first = generate(engine, prompt, options).ids;
  EXPECT_EQ(generate(engine, prompt, options).ids, first);
}

TEST(Engine, CallbacksMaySubmitAndCancel) {
  const auto model = make_model("llama/causal");
  Engine engine(*model);
  const Request plain{random_ids(20, *model, 1), {.max_new_tokens = 30}};
  const Ids whole = alone(*model, plain);
  Ids second;
  std::int64_t tokens = 0;
  Generation cancelled;
  RequestId id = 0;
  Request first = plain;
  first.on_token = [&](std::int32_t) {
    if (++tokens == 5) engine.cancel(id);
    return true;
  };
  first.on_end = [&](Generation& g) {
    cancelled = g;
    Request again = plain;
    again.on_end = [&](Generation& other) { second = other.ids; };
    engine.submit(again);
  };
  id = engine.submit(first);
  run(engine);
  EXPECT_EQ(cancelled.ids, Ids(whole.begin(), whole.begin() + 5));
  EXPECT_EQ(cancelled.finish, FinishReason::kStop);
  EXPECT_EQ(second, whole);
}

TEST(Engine, AThrowingCallbackEndsItsTextAndNoOther) {
  const auto model = make_model("llama/causal");
  Engine engine(*model);
  const auto requests = mixed_requests(*model, 6);
  std::map<std::size_t, Ids> found;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    Request r = requests[i];
    r.options.max_new_tokens = 12;
    if (i == 2)
      r.on_token = [n = 0](std::int32_t) mutable { return ++n == 4 ? throw std::runtime_error("full") : true; };
    r.on_end = [&found, i](Generation& g) { found[i] = g.ids; };
    engine.submit(std::move(r));
  }
  const int thrown = steps_that_throw<std::runtime_error>(engine);
  EXPECT_EQ(thrown, 1);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    Request r = requests[i];
    r.options.max_new_tokens = i == 2 ? 4 : 12;
    EXPECT_EQ(found.at(i), alone(*model, r)) << i;
  }
}

TEST(Engine, AThrowingEndLosesNoOtherText) {
  const auto model = make_model("llama/causal");
  Engine engine(*model);
  int ends = 0;
  for (int i = 0; i < 3; ++i)
    engine.submit({random_ids(9, *model, 1), {.max_new_tokens = 3}, {}, [&ends, i](Generation&) {
                     ++ends;
                     if (i == 0) throw std::runtime_error("full");
                   }});
  const int thrown = steps_that_throw<std::runtime_error>(engine);
  EXPECT_EQ(thrown, 1);
  EXPECT_EQ(ends, 3);
}

// Blocks of waiting prompts' prefixes must not stop the only texts that could run.
TEST(Engine, OneTokenAStepAndTwoBlocksGoOn) {
  const auto model = make_model("llama/causal");
  Engine engine(*model, {.memory = 2 * block_bytes(*model), .batch_tokens = 1});
  const Ids a = random_ids(64, *model, 1), b = random_ids(64, *model, 2);
  generate(engine, a, {.max_new_tokens = 1});
  generate(engine, b, {.max_new_tokens = 1});
  int ends = 0;
  const auto submit = [&](Ids prompt, std::int64_t count) {
    engine.submit({std::move(prompt), {.max_new_tokens = count}, {}, [&](Generation&) { ++ends; }});
  };
  submit(random_ids(3, *model, 3), 70);
  for (Ids long_one : {a, b}) {
    long_one.insert(long_one.end(), {1, 2, 3, 4, 5, 6});
    submit(long_one, 3);
  }
  submit({7}, 5);
  run(engine);
  EXPECT_EQ(ends, 4);
}

// generate() has returned when its text ends.
TEST(Engine, AThrowInGenerateLeavesTheEngineUsable) {
  const auto model = make_model("llama/causal");
  Engine engine(*model);
  const Ids prompt = random_ids(30, *model, 1);
  const GenerateOptions options{.max_new_tokens = 8};
  EXPECT_THROW(
      generate(engine, prompt, options, [](std::int32_t) -> bool { throw std::runtime_error("reader is gone"); }),
      std::runtime_error);
  EXPECT_EQ(generate(engine, prompt, options).ids, generate(*model, prompt, options).ids);
  EXPECT_EQ(engine.figures().requests, 0U);
}

TEST(Engine, AnInterruptedStepIsDoneAgain) {
  const auto model = make_model("gpt2/causal");
  int calls = 0;
  Engine engine(*model, {.batch_tokens = 16, .interrupted = [&] { return ++calls % 3 == 0; }});
  Request request{random_ids(100, *model, 1), {.max_new_tokens = 10}};
  Ids found;
  request.on_end = [&](Generation& g) { found = g.ids; };
  engine.submit(request);
  const int interrupted = steps_that_throw<nn::Interrupted>(engine);
  EXPECT_GT(interrupted, 3);
  EXPECT_EQ(found, alone(*model, request));
}

TEST(Engine, AnotherThreadMaySubmit) {
  const auto model = make_model("bloom/causal");
  Engine engine(*model);
  const auto requests = mixed_requests(*model, 20);
  std::map<std::size_t, Ids> found;
  std::jthread client([&] {
    for (std::size_t i = 0; i < requests.size(); ++i) {
      Request r = requests[i];
      r.on_end = [&found, i](Generation& g) { found[i] = g.ids; };  // on the thread that steps
      engine.submit(std::move(r));
      std::this_thread::yield();
    }
  });
  while (found.size() < requests.size()) engine.step();
  for (std::size_t i = 0; i < requests.size(); ++i) EXPECT_EQ(found[i], alone(*model, requests[i])) << i;
}

TEST(Engine, RefusesWhatItCannotDo) {
  const auto model = make_model("llama/causal");
  EXPECT_THROW(Engine(*model, {.memory = block_bytes(*model) - 1}), Error);
  EXPECT_THROW(Engine(*model, {.batch_tokens = 0}), Error);
  Engine engine(*model);
  EXPECT_THROW(engine.submit(Request{{}}), Error);
  EXPECT_THROW(engine.submit(Request{{-1}}), Error);
  EXPECT_THROW(engine.submit(Request{random_ids(512, *model, 1)}), Error);  // fills the context
  EXPECT_FALSE(engine.step());
}

std::size_t peak_memory() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return static_cast<std::size_t>(used.ru_maxrss) << 10;
}

// A real model, 64 MiB of keys and values, a third of the requests cancelled at random.
TEST(EngineSlow, TwoHundredRequestsInSixtyFourMebibytes) {
  const auto path = cached_model("SmolLM2-135M-Instruct.gguf");
  LINNET_NEEDS(path);
  const auto model = models::load_model(path);
  const std::size_t pool = std::size_t{64} << 20, more = std::size_t{64} << 20;
  alone(*model, {{1, 2, 3}, {.max_new_tokens = 2}});  // packs the weights
  const std::size_t weights = peak_memory();
  Engine engine(*model, {.memory = pool});
  Rng rng(1);
  std::vector<Request> requests;
  std::map<std::size_t, Generation> found;
  std::vector<RequestId> ids;
  for (std::size_t i = 0; i < 200; ++i) {
    Request r{random_ids(5 + rng.next_u32() % 250, *model, i), {.max_new_tokens = 4 + rng.next_u32() % 40}};
    requests.push_back(r);
    r.on_end = [&found, i](Generation& g) { found[i] = g; };
    ids.push_back(engine.submit(std::move(r)));
  }
  for (std::size_t step = 0; engine.step(); ++step) {
    EXPECT_LE(engine.figures().blocks_used * block_bytes(*model), pool);
    if (step % 2 == 0) engine.cancel(ids[rng.next_u32() % ids.size()]);
  }
  ASSERT_EQ(found.size(), requests.size());
  const std::size_t most = peak_memory();
  EXPECT_LE(most, weights + pool + more);
  std::size_t whole = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const Ids& made = found[i].ids;
    if (found[i].finish == FinishReason::kStop) continue;  // cancelled: there are no end tokens here
    if (++whole % 4 != 0) continue;                        // each alone takes as long as all together
    EXPECT_EQ(made, alone(*model, requests[i])) << i;
  }
  std::cout << whole << " of 200 ended by themselves, " << engine.figures().waits << " waits, peak " << (most >> 20)
            << " MiB, before the pool " << (weights >> 20) << " MiB\n";
  EXPECT_GT(whole, 60U);
}

}  // namespace
}  // namespace linnet::generate
