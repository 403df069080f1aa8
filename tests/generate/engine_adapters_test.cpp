// Requests with adapters of their own, in one batch, against a model that has the adapter to itself.
#include <gtest/gtest.h>

#include <map>

#include "linnet/base/error.h"
#include "linnet/generate/engine.h"
#include "linnet/generate/score.h"
#include "tests/generate/engine_fixture.h"

namespace linnet::generate {
namespace {

using Adapter = std::shared_ptr<const nn::SequenceAdapter>;

Tensor random_matrix(std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
  Tensor t = Tensor::empty({rows, columns});
  Rng rng(seed);
  for (float& x : t.data<float>()) x = 0.3F * rng.normal();
  return t;
}

// Updates of every linear module and of the vocabulary table.
Adapter random_lora(models::Model& model, std::uint64_t seed) {
  const auto rank = static_cast<std::int64_t>(1 + seed % 5);
  auto updates = std::make_shared<nn::LoraUpdates>();
  std::uint64_t i = 100 * seed;
  for (const nn::NamedLinear& l : model.linears())
    updates->add(
        l.linear,
        {.a = random_matrix(rank, l.linear->in(), ++i), .b = random_matrix(l.linear->out(), rank, ++i), .scale = 0.5F});
  const nn::TransformerConfig& c = model.config();
  updates->add(&model.embeddings(), {.a = random_matrix(c.vocab, rank, ++i), .b = random_matrix(c.hidden, rank, ++i)});
  return std::make_shared<nn::SequenceAdapter>(nn::SequenceAdapter{.lora = updates});
}

Adapter random_prompt(const models::Model& model, std::int64_t rows, std::uint64_t seed) {
  return std::make_shared<nn::SequenceAdapter>(
      nn::SequenceAdapter{.virtual_tokens = {.prompt = random_matrix(rows, model.config().hidden, seed)}});
}

Adapter random_prefix(const models::Model& model, std::int64_t rows) {
  const nn::TransformerConfig& c = model.config();
  nn::SequenceAdapter adapter;
  for (std::int64_t layer = 0; layer < c.layers; ++layer)
    adapter.virtual_tokens.prefix.push_back(
        {random_matrix(rows, c.kv_heads * c.head_dim, 7), random_matrix(rows, c.kv_heads * c.head_dim, 8)});
  return std::make_shared<nn::SequenceAdapter>(std::move(adapter));
}

// Eight LoRAs, two soft prompts, a prefix, and none.
std::vector<Adapter> adapters_of(models::Model& model) {
  std::vector<Adapter> all{nullptr, random_prompt(model, 5, 1), random_prompt(model, 70, 2), random_prefix(model, 9)};
  for (std::uint64_t i = 0; i < 8; ++i) all.push_back(random_lora(model, i));
  return all;
}

void attach(models::Model& model, const Adapter& adapter) {
  model.pass().lora.clear();
  model.set_virtual_tokens(adapter == nullptr ? nn::VirtualTokens() : adapter->virtual_tokens);
  if (adapter != nullptr && adapter->lora != nullptr) model.pass().lora = {{adapter->lora}};
}

class EngineAdapters : public ::testing::TestWithParam<std::tuple<std::string, DType>> {
 protected:
  std::unique_ptr<models::Model> model_ = make_model(std::get<0>(GetParam()), std::get<1>(GetParam()));
  std::vector<Adapter> adapters_ = adapters_of(*model_);
};

TEST_P(EngineAdapters, EveryTextIsAsIfItsAdapterWereAlone) {
  std::vector<Request> requests = mixed_requests(*model_, 30);
  std::vector<Ids> wanted;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    attach(*model_, adapters_[i % adapters_.size()]);
    wanted.push_back(generate(*model_, requests[i].prompt, requests[i].options).ids);
    requests[i].adapter = adapters_[i % adapters_.size()];
  }
  attach(*model_, nullptr);
  for (const std::int64_t batch : {1, 7, 512}) {
    Engine engine(*model_, {.batch_tokens = batch});
    for (int round = 0; round < 2; ++round) {  // the second finds what the first has computed
      std::map<std::size_t, Ids> found;
      for (std::size_t i = 0; i < requests.size(); ++i) {
        Request r = requests[i];
        r.on_end = [&found, i](Generation& g) { found[i] = g.ids; };
        engine.submit(std::move(r));
      }
      while (engine.step()) {
      }
      for (std::size_t i = 0; i < requests.size(); ++i)
        EXPECT_EQ(found.at(i), wanted[i]) << "text " << i << ", " << batch << " tokens a step, round " << round;
    }
    EXPECT_GT(engine.figures().found, 0);
  }
}

TEST_P(EngineAdapters, EveryScoreIsAsIfItsAdapterWereAlone) {
  const Ids prompt = random_ids(80, *model_, 3);
  const std::vector<Ids> continuations{{5, 6, 7}, {5, 6, 8, 9}, {4}};
  const auto score_with = [&](Engine& engine, std::span<const Adapter> adapters) {
    std::vector<std::vector<Score>> scores(adapters.size());
    for (std::size_t i = 0; i < adapters.size(); ++i)
      engine.submit(ScoreRequest{.prompt = prompt,
                                 .continuations = continuations,
                                 .shared = 40,
                                 .on_end = [&scores, i](const std::vector<Score>& s) { scores[i] = s; },
                                 .adapter = adapters[i]});
    while (engine.step()) {
    }
    return scores;
  };
  Engine engine(*model_);
  const auto together = score_with(engine, adapters_);
  std::set<double> different;
  for (std::size_t i = 0; i < adapters_.size(); ++i) {
    attach(*model_, adapters_[i]);
    Engine alone(*model_);
    const Adapter own[] = {nullptr};
    const auto wanted = score_with(alone, own).front();
    ASSERT_EQ(together[i].size(), wanted.size());
    for (std::size_t k = 0; k < wanted.size(); ++k)
      EXPECT_EQ(together[i][k].logprob, wanted[k].logprob) << i << ' ' << k;
    different.insert(wanted[0].logprob);
  }
  EXPECT_EQ(different.size(), adapters_.size());  // every adapter changes something
}

// One that a request does not name is the model's own, whatever the others of its batch have.
TEST_P(EngineAdapters, TheModelsOwnIsForRequestsWithout) {
  attach(*model_, adapters_[4]);
  Request with{random_ids(20, *model_, 1)}, without = with;
  with.options.max_new_tokens = without.options.max_new_tokens = 8;
  with.adapter = adapters_[5];
  const Ids wanted = generate(*model_, without.prompt, without.options).ids;
  Engine engine(*model_);
  Ids found;
  without.on_end = [&](Generation& g) { found = g.ids; };
  engine.submit(with);
  engine.submit(without);
  while (engine.step()) {
  }
  EXPECT_EQ(found, wanted);
}

// score() passes the adapters of its requests on.
TEST_P(EngineAdapters, ScoresOfOneCallHaveTheirAdapters) {
  std::vector<ScoreRequest> requests;
  std::vector<double> wanted;
  for (const Adapter& adapter : adapters_) {
    requests.push_back({.prompt = random_ids(30, *model_, 3), .continuations = {{5, 6}}, .adapter = adapter});
    attach(*model_, adapter);
    wanted.push_back(score(*model_, std::vector<ScoreRequest>{{requests.back().prompt, {{5, 6}}}})[0][0].logprob);
  }
  attach(*model_, nullptr);
  const auto found = score(*model_, requests);
  for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_EQ(found[i][0].logprob, wanted[i]) << i;
}

// A pool that holds few of the texts: they wait, are computed again, and cached prefixes are evicted.
TEST_P(EngineAdapters, ASmallPoolChangesNothing) {
  std::vector<Request> requests = mixed_requests(*model_, 24);
  std::vector<Ids> wanted;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    attach(*model_, adapters_[i % adapters_.size()]);
    wanted.push_back(generate(*model_, requests[i].prompt, requests[i].options).ids);
    requests[i].adapter = adapters_[i % adapters_.size()];
  }
  attach(*model_, nullptr);
  Engine engine(*model_, {.memory = 7 * block_bytes(*model_), .batch_tokens = 60});
  std::map<std::size_t, Ids> found;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    requests[i].on_end = [&found, i](Generation& g) { found[i] = g.ids; };
    engine.submit(requests[i]);
  }
  while (engine.step()) {
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_EQ(found.at(i), wanted[i]) << i;
}

// An adapter is of one model: in another its modules are not found, or have other shapes.
TEST(EngineAdapter, OfAnotherModelIsRefused) {
  const auto model = make_model("llama/causal"), same = make_model("llama/causal"), other = make_model("bloom/causal");
  Engine engine(*same);
  const auto refused = [&](Adapter adapter) {
    Request request{{5, 6}};
    request.adapter = std::move(adapter);
    EXPECT_THROW(engine.submit(request), Error);
  };
  refused(random_lora(*model, 1));
  refused(random_prefix(*other, 3));  // more key heads
  nn::SequenceAdapter wide;
  wide.virtual_tokens.prompt = random_matrix(3, 65, 1);
  refused(std::make_shared<nn::SequenceAdapter>(wide));
  nn::SequenceAdapter deep = *random_prefix(*model, 3);
  deep.virtual_tokens.prefix.push_back(deep.virtual_tokens.prefix.front());
  refused(std::make_shared<nn::SequenceAdapter>(deep));
}

INSTANTIATE_TEST_SUITE_P(Fixtures, EngineAdapters, kFixturesAndTypes, fixture_and_type);

}  // namespace
}  // namespace linnet::generate
