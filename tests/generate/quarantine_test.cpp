// Generation and scoring on a device whose memory only kernels touch: the bits of the same kernels on the CPU's memory.
#include "tests/quarantine.h"

#include <gtest/gtest.h>

#include "linnet/generate/generator.h"
#include "linnet/generate/score.h"
#include "tests/generate/engine_fixture.h"

namespace linnet::generate {
namespace {

class Quarantined : public ::testing::TestWithParam<std::tuple<std::string, DType>> {
 protected:
  void SetUp() override {
    here_ = make_model(std::get<0>(GetParam()), std::get<1>(GetParam()));
    there_ = make_model(std::get<0>(GetParam()), std::get<1>(GetParam()));
    there_->to(quarantine());
  }

  std::unique_ptr<Backend> reference_ = make_reference_backend();
  BackendGuard guard_{*reference_};
  std::unique_ptr<models::Model> here_, there_;
};

// In a pool so small that texts wait and are computed again.
std::vector<Ids> texts_of(const models::Model& model) {
  auto requests = mixed_requests(model, 6);
  std::vector<Ids> found(requests.size());
  Engine engine(model, {.memory = 6 * block_bytes(model), .batch_tokens = 48});
  for (std::size_t i = 0; i < requests.size(); ++i) {
    requests[i].options.max_new_tokens = std::min<std::int64_t>(requests[i].options.max_new_tokens, 6);
    requests[i].on_end = [&found, i](Generation& g) { found[i] = g.ids; };
    engine.submit(std::move(requests[i]));
  }
  run(engine);
  return found;
}

TEST_P(Quarantined, TextsAreTheSame) { EXPECT_EQ(texts_of(*there_), texts_of(*here_)); }

TEST_P(Quarantined, ScoresAreTheSame) {
  std::vector<ScoreRequest> requests;
  const Ids common = random_ids(70, *here_, 7);
  for (std::size_t i = 0; i < 3; ++i) {
    ScoreRequest r{common, {{5}, {5, 6}, {8, 9, 10}, {8, 9, 11, 12}}};
    const Ids own = random_ids(1 + i * 9, *here_, 100 + i);
    r.prompt.insert(r.prompt.end(), own.begin(), own.end());
    r.shared = 70;
    requests.push_back(std::move(r));
  }
  const auto scores_of = [&](const models::Model& model) {
    std::vector<double> found;
    for (const auto& request : score(model, requests))
      for (const Score& s : request) found.push_back(s.logprob);
    return found;
  };
  EXPECT_EQ(scores_of(*there_), scores_of(*here_));
}

INSTANTIATE_TEST_SUITE_P(Engine, Quarantined, kFixturesAndTypes, fixture_and_type);

}  // namespace
}  // namespace linnet::generate
