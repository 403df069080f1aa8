#include "linnet/generate/beam_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "linnet/base/error.h"
#include "linnet/base/json.h"
#include "tests/generate/engine_fixture.h"
#include "tests/models/tiny_encoder_decoder.h"

namespace linnet::generate {
namespace {

// tools/fixtures/beams.py: results of Transformers.
const Json& reference() {
  static const Json json = read_json(LINNET_SOURCE_DIR "/tests/fixtures/beams.json");
  return json;
}

EarlyStopping early_stopping_of(const Json& value) {
  if (value.is_string()) return EarlyStopping::kNever;
  return value.get<bool>() ? EarlyStopping::kYes : EarlyStopping::kNo;
}

GenerateOptions options_of(const Json& json) {
  GenerateOptions o;
  o.max_new_tokens = json.value("max_new_tokens", 12);
  o.min_new_tokens = json.value("min_new_tokens", 0);
  o.min_length = json.value("min_length", 0);
  o.eos_ids = json.value("eos_token_id", Ids{});
  if (json.contains("forced_bos_token_id")) o.forced_bos_id = json["forced_bos_token_id"].get<std::int32_t>();
  if (json.contains("forced_eos_token_id")) o.forced_eos_ids = {json["forced_eos_token_id"].get<std::int32_t>()};
  o.sampling.repetition_penalty = json.value("repetition_penalty", 1.0F);
  o.sampling.no_repeat_ngram_size = json.value("no_repeat_ngram_size", 0);
  o.sampling.bad_words = json.value("bad_words_ids", std::vector<Ids>{});
  o.sampling.suppress_tokens = json.value("suppress_tokens", Ids{});
  o.sampling.begin_suppress_tokens = json.value("begin_suppress_tokens", Ids{});
  o.beams.num_beams = json.value("num_beams", 1);
  o.beams.num_return_sequences = json.value("num_return_sequences", 1);
  o.beams.length_penalty = json.value("length_penalty", 1.0);
  o.beams.early_stopping = early_stopping_of(json.value("early_stopping", Json(false)));
  o.beams.renormalize_logits = json.value("renormalize_logits", false);
  return o;
}

Request request_of(const models::Model& model, const Json& json) {
  Request request{.options = options_of(json["options"])};
  const bool reads = model.config().stack == nn::Stack::kEncoderDecoder;
  (reads ? request.encoder_ids : request.prompt) = json["prompt"].get<Ids>();
  return request;
}

void expect_equal(const Generation& found, const Json& wanted, const std::string& where) {
  ASSERT_EQ(found.sequences.size(), wanted.size()) << where;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(found.sequences[i].ids, wanted[i]["ids"].get<Ids>()) << where << ", sequence " << i;
    const auto score = wanted[i]["score"].get<double>();
    EXPECT_NEAR(found.sequences[i].score, score, 1e-4 * std::max(1.0, std::abs(score))) << where << ", sequence " << i;
  }
  EXPECT_EQ(found.ids, found.sequences[0].ids);
}

TEST(BeamText, SequencesAndScoresAreThoseOfTransformers) {
  for (const auto& [path, requests] : reference().items()) {
    const auto model = models::load_model(fixtures() / path);
    for (const Json& r : requests) {
      Engine engine(*model);
      expect_equal(generate(engine, request_of(*model, r)), r["sequences"], path + " " + dump_json(r["options"]));
      const bool reads = model->config().stack == nn::Stack::kEncoderDecoder;
      EXPECT_EQ(engine.figures().encoded, reads ? std::ssize(r["prompt"]) : 0);  // once
    }
  }
}

// In one engine, also with so small a pool that beams wait and are computed again, with few rows a step.
TEST(BeamText, EverySearchIsAsIfItWereAlone) {
  for (const auto& [path, requests] : reference().items()) {
    const auto model = models::load_model(fixtures() / path);
    for (const auto& [tokens, blocks] : {std::pair{7, std::size_t{32}}, {512, 1000}}) {
      Engine engine(*model, {.memory = blocks * block_bytes(*model), .batch_tokens = tokens});
      std::vector<Generation> found(requests.size());
      for (std::size_t i = 0; i < requests.size(); ++i) {
        Request request = request_of(*model, requests[i]);
        request.on_end = [&found, i](Generation& g) { found[i] = g; };
        engine.submit(std::move(request));
        engine.submit(Request{.prompt = {0, 5},
                              .options = {.max_new_tokens = 9},
                              .encoder_ids = request_of(*model, requests[i]).encoder_ids});
      }
      while (engine.step()) EXPECT_LE(engine.figures().blocks_used, blocks);
      for (std::size_t i = 0; i < requests.size(); ++i)
        expect_equal(found[i], requests[i]["sequences"], path + " " + dump_json(requests[i]["options"]));
      engine.forget_all_but({});
      EXPECT_EQ(engine.figures().blocks_used, 0u);
    }
  }
}

// A pool that just holds four long beams; a younger search is preempted between two tokens of its beams.
TEST(BeamText, PreemptedBeamsGiveTheSameBits) {
  for (const std::string fixture : {"llama/causal", "bloom/causal", "gpt2/causal"}) {
    const auto model = make_model(fixture);
    const auto search_of = [&](std::uint64_t seed) {
      Request r{random_ids(50 + seed * 30, *model, seed)};
      r.options = {.max_new_tokens = 40, .beams = {.num_beams = 4, .num_return_sequences = 4}};
      return r;
    };
    std::vector<Generation> wanted, found(3);
    for (std::uint64_t i = 0; i < found.size(); ++i) {
      Engine alone(*model);
      wanted.push_back(generate(alone, search_of(i)));
    }
    const std::size_t blocks = 4 * 3;
    Engine engine(*model, {.memory = blocks * block_bytes(*model), .batch_tokens = 20});
    for (std::size_t i = 0; i < found.size(); ++i) {
      Request r = search_of(i);
      r.on_end = [&found, i](Generation& g) { found[i] = g; };
      engine.submit(std::move(r));
    }
    while (engine.step()) EXPECT_LE(engine.figures().blocks_used, blocks);
    EXPECT_GT(engine.figures().waits, 0);
    for (std::size_t i = 0; i < found.size(); ++i) {
      ASSERT_EQ(found[i].sequences.size(), 4u);
      for (std::size_t s = 0; s < 4; ++s) {
        EXPECT_EQ(found[i].sequences[s].ids, wanted[i].sequences[s].ids) << fixture << i;
        EXPECT_EQ(found[i].sequences[s].score, wanted[i].sequences[s].score) << fixture << i;
      }
    }
  }
}

// The prompt is computed once, and then a row a beam.
TEST(BeamText, AStepComputesOneRowOfEveryBeam) {
  const auto model = make_model("llama/causal");
  Engine engine(*model, {.batch_tokens = 1000});
  Request r{random_ids(100, *model, 1)};
  r.options = {.max_new_tokens = 90, .beams = {.num_beams = 4}};
  engine.submit(std::move(r));
  std::int64_t computed = 0, steps = 0;
  while (engine.step()) {
    const std::int64_t rows = engine.figures().computed - computed;
    EXPECT_TRUE(rows == (steps == 0 ? 100 : 4) || rows == 0) << rows << " rows in step " << steps;
    computed = engine.figures().computed, ++steps;
    // One block of the prompt is full; each beam has its own next ones.
    EXPECT_LE(engine.figures().blocks_used, 1u + 4u * 2u);
  }
  EXPECT_EQ(computed, 100 + 89 * 4);
}

TEST(BeamText, CancelledAndInterruptedSearchesLeaveNoBlocks) {
  const auto model = models::Model::from_config(kTiny, tiny_config(), 5);
  const auto request = [&](std::uint64_t seed) {
    return Request{.options = {.max_new_tokens = 12, .eos_ids = {2}, .beams = {.num_beams = 3}},
                   .encoder_ids = random_ids(20, *model, seed)};
  };
  Engine alone(*model);
  const Generation wanted = generate(alone, request(1));
  for (int at = 1; at <= 16; ++at) {
    int layers = 0, ends = 0;
    Engine engine(*model, {.interrupted = [&] { return ++layers == at; }});
    Generation found, cancelled;
    Request kept = request(1), other = request(2);
    kept.on_end = [&](Generation& g) { found = g, ++ends; };
    other.on_end = [&](Generation& g) { cancelled = g, ++ends; };
    engine.submit(std::move(kept));
    const RequestId id = engine.submit(std::move(other));
    EXPECT_EQ(steps_that_throw<nn::Interrupted>(engine) + 0, 1) << at;
    engine.cancel(id);
    run(engine);
    EXPECT_EQ(found.ids, wanted.ids) << "interrupted at layer " << at;
    EXPECT_EQ(ends, 2);
    EXPECT_EQ(engine.figures().blocks_used, 0u);
  }
  Engine engine(*model);
  Generation cancelled;
  Request r = request(2);
  r.on_end = [&](Generation& g) { cancelled = g; };
  const RequestId id = engine.submit(std::move(r));
  for (int step = 0; step < 4; ++step) engine.step();
  engine.cancel(id);
  run(engine);
  EXPECT_EQ(cancelled.finish, FinishReason::kStop);
  EXPECT_EQ(cancelled.ids.size(), 4u) << "the best beam so far";
  EXPECT_EQ(engine.figures().blocks_used, 0u);
}

// Every callback runs once; one that throws ends its search only.
TEST(BeamText, TheBestTextIsStreamedAtTheEnd) {
  const auto model = models::load_model(fixtures() / "llama/causal");
  Ids streamed;
  Engine engine(*model);
  const Generation made = generate(engine, Request{.prompt = {5, 6},
                                                   .options = {.max_new_tokens = 5, .beams = {.num_beams = 3}},
                                                   .on_token = [&](std::int32_t id) {
                                                     streamed.push_back(id);
                                                     return true;
                                                   }});
  EXPECT_EQ(streamed, made.ids);
  EXPECT_EQ(made.sequences.size(), 1u);
  EXPECT_EQ(made.prompt_tokens, 2);
}

// Beams that are drawn depend on the seed alone, and differ between seeds.
TEST(BeamText, SampledBeamsRepeat) {
  const auto model = models::load_model(fixtures() / "llama/causal");
  const auto drawn = [&](std::uint64_t seed, int tokens) {
    Engine engine(*model, {.batch_tokens = tokens});
    return generate(engine, Request{.prompt = {5, 6, 9},
                                    .options = {.max_new_tokens = 8,
                                                .eos_ids = {7},
                                                .sampling = {.do_sample = true, .temperature = 1.5F, .top_k = 20},
                                                .seed = seed,
                                                .beams = {.num_beams = 3}}})
        .ids;
  };
  EXPECT_EQ(drawn(1, 1), drawn(1, 500));
  EXPECT_NE(drawn(1, 500), drawn(2, 500));
}

TEST(BeamText, RequestsThatCannotBeAreRefused) {
  const auto model = models::load_model(fixtures() / "llama/causal");
  Engine engine(*model), small(*model, {.memory = 3 * block_bytes(*model)});
  const auto request = [](BeamOptions beams, std::int64_t logprobs = 0) {
    return Request{.prompt = {5}, .options = {.max_new_tokens = 5, .beams = beams, .logprobs = logprobs}};
  };
  EXPECT_THROW(engine.submit(request({.num_beams = 2, .num_return_sequences = 3})), Error);
  EXPECT_THROW(engine.submit(request({.num_beams = 2}, 1)), Error);
  EXPECT_THROW(small.submit(request({.num_beams = 4})), Error);  // each beam may need its own blocks
  small.submit(request({.num_beams = 3}));
  run(small);
  Engine none(*model);
  EXPECT_TRUE(
      generate(none, Request{.prompt = {5}, .options = {.max_new_tokens = 0, .beams = {.num_beams = 2}}}).ids.empty());
}

}  // namespace
}  // namespace linnet::generate
