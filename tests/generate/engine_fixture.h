// Small models and requests for the engine's tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "linnet/generate/engine.h"
#include "linnet/models/loader.h"
#include "tests/models/fixture.h"

namespace linnet::generate {

using Ids = std::vector<std::int32_t>;

// A small model of 512 positions.
inline std::unique_ptr<models::Model> make_model(const std::string& fixture, DType type = DType::kF32) {
  const auto like = models::load_model(fixtures() / fixture);
  nn::TransformerConfig c = like->config();
  c.hidden = 64, c.ffn = 96, c.heads = 4, c.head_dim = 16, c.layers = 2;
  c.kv_heads = fixture.starts_with("llama") ? 2 : 4;
  if (c.max_positions > 0) c.max_positions = 512;
  auto model = models::Model::from_config(like->family(), c, 5);
  for (const nn::Parameter& p : model->parameters())
    if (p.shape.size() == 2) *p.tensor = models::convert_weight(*p.tensor, type);
  return model;
}

inline Ids random_ids(std::size_t count, const models::Model& model, std::uint64_t seed) {
  Rng rng(seed);
  Ids ids(count);
  for (auto& id : ids)
    id = static_cast<std::int32_t>(rng.next_u32() % static_cast<std::uint32_t>(model.config().vocab));
  return ids;
}

// Prompts of 1 to 150 tokens; every other text is sampled, some have a common prefix.
inline std::vector<Request> mixed_requests(const models::Model& model, std::size_t count) {
  std::vector<Request> requests;
  const Ids common = random_ids(70, model, 999);
  for (std::size_t i = 0; i < count; ++i) {
    Request r{random_ids(1 + i * 53 % 150, model, i)};
    if (i % 5 == 0) r.prompt.insert(r.prompt.begin(), common.begin(), common.end());
    r.options.max_new_tokens = static_cast<std::int64_t>(1 + i * 7 % 40);
    r.options.sampling.do_sample = i % 2 == 1;
    r.options.seed = i;
    requests.push_back(r);
  }
  return requests;
}

// Steps until there is nothing to do; returns how many of them threw.
template <class Thrown>
int steps_that_throw(Engine& engine) {
  int count = 0;
  for (bool more = true; more;) {
    try {
      more = engine.step();
    } catch (const Thrown&) {
      ++count;
    }
  }
  return count;
}

inline std::size_t block_bytes(const models::Model& model) {
  return model.make_cache().bytes_per_position() * kKvBlock;
}

// Fixtures and types for the engine's tests, and the names of these cases.
inline const auto kFixturesAndTypes =
    ::testing::Combine(::testing::Values("llama/causal", "bloom/causal", "gpt2/causal"),
                       ::testing::Values(DType::kF32, DType::kBF16, DType::kQ8_0));
inline std::string fixture_and_type(const ::testing::TestParamInfo<std::tuple<std::string, DType>>& c) {
  std::string name = std::get<0>(c.param);
  name.resize(name.find('/'));
  return name + "_" + std::string(linnet::info(std::get<1>(c.param)).name);
}

inline void run(Engine& engine) {
  while (engine.step()) {
  }
}

}  // namespace linnet::generate
